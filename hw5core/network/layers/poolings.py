"""Poolings."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from hw5core.errors import ShapeError
from hw5core.network.base_layer import (
    REQUIRED,
    Arguments,
    Layer,
    ReceptiveField,
    Shape,
    image_shape,
    not_default,
    parameters,
)
from hw5core.network.fields import Sides, flag, in_prose, number, pair
from hw5core.network.layers.window import MAX_WINDOW, SlidingWindow
from hw5core.network.windows import adaptive_pixels, adaptive_span

_MAX_OUTPUT = 4_096


@dataclass(frozen=True)
class _Pool(SlidingWindow):
    """A pooling. PyTorch limits its padding to half the kernel."""

    kernel_size: Sides = number("kernel size", 1, MAX_WINDOW, has_sides=True)
    stride: Sides = number("stride", 1, MAX_WINDOW, "s", same_as="kernel_size", has_sides=True)
    padding: Sides = number("padding", 0, MAX_WINDOW, "p", default=0, has_sides=True)
    ceil_mode: bool = flag("ceil", "round up", default=False)

    def _highest_paddings(self) -> tuple[int, int]:
        height, width = self.windows
        return height.kernel_size // 2, width.kernel_size // 2

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        fitting = super()._fitting(axis, size)
        return fitting | {"kernel_size": (2 * self.windows[axis].before, fitting["kernel_size"][1])}

    def output_shape(self, input_shape: Shape) -> Shape:
        for window in self.windows:
            if window.before > window.kernel_size // 2:
                raise ShapeError(
                    f"the padding of a pooling is at most half its kernel: padding {window.kernel_size // 2} or less, "
                    f"or kernel {2 * window.before} or more"
                )
        height, width = self._output_sides(input_shape)
        return (input_shape[0], height, width)

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        named = {"kernel_size": self.kernel_size, "stride": self.stride}
        return Arguments(named=named | not_default(self, padding=0, ceil_mode=False))

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        stride = arguments["kernel_size"] if arguments["stride"] is None else arguments["stride"]
        return super().from_torch(name, {**arguments, "stride": stride})


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Max pooling. In the one-line form, the stride is the kernel size unless it is written."""

    word = "maxpool"
    title = "max pooling"
    example = "maxpool2"
    also_called = ("pool", "maxpooling")
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

    @property
    def drawn_label(self) -> str:
        return self._drawn("max")


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Average pooling. In the one-line form, the stride is the kernel size unless it is written."""

    word = "avgpool"
    title = "average pooling"
    example = "avgpool2"
    also_called = ("averagepooling", "meanpool")
    torch_name = "AvgPool2d"
    torch_parameters = parameters(
        kernel_size=REQUIRED, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    )
    torch_functions = MappingProxyType({"avg_pool2d": torch_parameters})

    @property
    def drawn_label(self) -> str:
        return self._drawn("mean")


@dataclass(frozen=True)
class AdaptiveAvgPool(Layer):
    """An average pooling to a fixed output size. Its windows are spread evenly over each side, and may overlap."""

    word = "adaptiveavgpool"
    title = "adaptive average pooling"
    example = "adaptiveavgpool1"
    also_called = ("globalavgpool", "globalaveragepooling", "gap")
    torch_name = "AdaptiveAvgPool2d"
    torch_parameters = parameters(output_size=REQUIRED)
    torch_functions = MappingProxyType({"adaptive_avg_pool2d": torch_parameters})

    output_size: Sides = number("output size", 1, _MAX_OUTPUT, has_sides=True)

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, _, _ = image_shape(self, input_shape)
        return (channels, *pair(self.output_size))

    def receptive_field(self, before: ReceptiveField | None, input_shape: Shape) -> ReceptiveField | None:
        if before is None:
            return None
        (_, height, width), (rows, columns) = input_shape, pair(self.output_size)
        return ReceptiveField(
            lambda values: before.height(adaptive_pixels(height, rows, values)),
            lambda values: before.width(adaptive_pixels(width, columns, values)),
            lambda span: before.rows(adaptive_span(height, rows, span)),
            lambda span: before.columns(adaptive_span(width, columns, span)),
        )

    def shape_symbols(self) -> str:
        return r"\text{output size}"

    def shape_arithmetic(self, input_shape: Shape) -> str:
        return r",\;".join(dict.fromkeys(map(str, pair(self.output_size))))

    @property
    def drawn_label(self) -> str:
        return f"mean to {in_prose(self.output_size, '×')}"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((self.output_size,))
