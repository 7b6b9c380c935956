"""Poolings."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from hw5core.errors import ShapeError
from hw5core.network.base_layer import REQUIRED, Arguments, Shape, not_default, number, parameters
from hw5core.network.layers.window import MAX_WINDOW, Window


class _Pool(Window):
    """A pooling. PyTorch limits its padding to half the kernel."""

    def _highest_padding(self) -> int:
        return self.kernel_size // 2

    def _fitting(self, side: int) -> dict[str, tuple[int, int]]:
        fitting = super()._fitting(side)
        return fitting | {"kernel_size": (2 * self.padding, fitting["kernel_size"][1])}

    def output_shape(self, input_shape: Shape) -> Shape:
        if self.padding > self.kernel_size // 2:
            raise ShapeError(
                f"the padding of a pooling is at most half its kernel: padding {self.kernel_size // 2} or less, "
                f"or kernel {2 * self.padding} or more"
            )
        height, width = self._sides(input_shape)
        return (input_shape[0], height, width)

    def shape_symbols(self) -> str:
        return r"\left\lfloor\frac{\text{side}+2p-k}{s}\right\rfloor+1"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        named = {"kernel_size": self.kernel_size, "stride": self.stride}
        return Arguments(named=named | not_default(self, padding=0))

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        stride = arguments["kernel_size"] if arguments["stride"] is None else arguments["stride"]
        return super().from_torch(name, {**arguments, "stride": stride})


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Square max pooling. In the one-line form, the stride is the kernel size unless it is written."""

    word = "maxpool"
    title = "max pooling"
    example = "maxpool2"
    torch_name = "MaxPool2d"
    torch_parameters = parameters(
        kernel_size=REQUIRED, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False
    )
    torch_functions = MappingProxyType(
        {
            "max_pool2d": parameters(
                kernel_size=REQUIRED, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
            )
        }
    )

    kernel_size: int = number("kernel size", 1, MAX_WINDOW)
    stride: int = number("stride", 1, MAX_WINDOW, "s", same_as="kernel_size")
    padding: int = number("padding", 0, MAX_WINDOW, "p", default=0)

    @property
    def drawn_label(self) -> str:
        return self._drawn("max")


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Square average pooling. In the one-line form, the stride is the kernel size unless it is written."""

    word = "avgpool"
    title = "average pooling"
    example = "avgpool2"
    torch_name = "AvgPool2d"
    torch_parameters = parameters(
        kernel_size=REQUIRED, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    )
    torch_functions = MappingProxyType({"avg_pool2d": torch_parameters})

    kernel_size: int = number("kernel size", 1, MAX_WINDOW)
    stride: int = number("stride", 1, MAX_WINDOW, "s", same_as="kernel_size")
    padding: int = number("padding", 0, MAX_WINDOW, "p", default=0)

    @property
    def drawn_label(self) -> str:
        return self._drawn("mean")
