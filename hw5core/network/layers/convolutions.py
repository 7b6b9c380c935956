"""Convolutions."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from hw5core.errors import ShapeError
from hw5core.network.base_layer import (
    MAX_CHANNELS,
    REQUIRED,
    Arguments,
    Limit,
    Shape,
    flag,
    not_default,
    number,
    parameters,
)
from hw5core.network.layers.window import MAX_WINDOW, Window
from hw5core.network.windows import fitting_groups

_MOST_GROUPS = 40  # in a menu


@dataclass(frozen=True)
class Conv(Window):
    """A square 2-D convolution."""

    word = "conv"
    title = "convolution"
    example = "conv64k3p1"
    torch_name = "Conv2d"
    draws_weights = True
    torch_parameters = parameters(
        in_channels=REQUIRED,
        out_channels=REQUIRED,
        kernel_size=REQUIRED,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
    )

    out_channels: int = number("channels", 1, MAX_CHANNELS, common=512)
    kernel_size: int = number("kernel size", 1, MAX_WINDOW, "k", common=15)
    stride: int = number("stride", 1, MAX_WINDOW, "s", default=1)
    padding: int = number("padding", 0, MAX_WINDOW, "p", default=0)
    dilation: int = number("dilation", 1, MAX_WINDOW, "d", default=1)
    groups: int = number("groups", 1, MAX_CHANNELS, "g", default=1)
    bias: bool = flag("nobias", "bias", default=True)

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        bounds = super().bounds(input_shape)
        if self.out_channels % self.groups == 0:
            channels = bounds["out_channels"]
            bounds["out_channels"] = replace(channels, lowest=max(channels.lowest, self.groups), step=self.groups)
        return bounds

    def _fitting(self, side: int) -> dict[str, tuple[int, int]]:
        widest = (side + 2 * self.padding - 1) // (self.kernel_size - 1) if self.kernel_size > 1 else MAX_WINDOW
        return super()._fitting(side) | {"dilation": (1, widest)}

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        if name != "groups" or len(input_shape) != 3:
            return {}
        fitting = {*fitting_groups(input_shape[0], self.out_channels)[:_MOST_GROUPS], self.groups}
        return {groups: f"{groups:,}" for groups in sorted(fitting)}

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width = self._sides(input_shape)
        ins, outs = input_shape[0], self.out_channels
        if ins % self.groups or outs % self.groups:
            raise ShapeError(
                f"{self.groups} groups must divide both the {ins} channels that come in and the {outs} that go out: "
                f"{_or_list(fitting_groups(ins, outs))} would"
            )
        return (outs, height, width)

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0] // self.groups * self.out_channels * self.kernel_size**2

    def biases(self, input_shape: Shape) -> int:
        return self.out_channels if self.bias else 0

    def macs(self, input_shape: Shape) -> int:
        return self.weights(input_shape) * prod(self._sides(input_shape))

    def parameter_symbols(self) -> str:
        ins = r"\frac{\text{in}}{\text{groups}}" if self.groups > 1 else r"\text{in}"
        return rf"{ins}\cdot\text{{out}}\cdot k^2" + (r"+\text{out}" if self.bias else "")

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        divided = f"/{self.groups}" if self.groups > 1 else ""
        kernel = rf"({self.kernel_size}\cdot {self.kernel_size})"
        bias = f"+{self.out_channels}" if self.bias else ""
        return rf"{input_shape[0]}{divided}\cdot {self.out_channels}\cdot {kernel}{bias}"

    def shape_symbols(self) -> str:
        return r"\left\lfloor\frac{\text{side}+2p-d(k-1)-1}{s}\right\rfloor+1"

    def _reach_arithmetic(self) -> str:
        return rf"{self.dilation}\cdot({self.kernel_size}-1)-1"

    @property
    def drawn_label(self) -> str:
        return self._drawn("conv")

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        named = not_default(self, stride=1, padding=0, dilation=1, groups=1, bias=True)
        return Arguments((input_shape[0], self.out_channels), {"kernel_size": self.kernel_size, **named})


def _or_list(numbers: list[int]) -> str:
    """Return the smallest few numbers as words: "1, 2 or 4"."""
    *first, last = map(str, numbers[:6])
    return f"{', '.join(first)} or {last}" if first else last
