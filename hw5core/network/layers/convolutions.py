"""Convolutions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Self

from hw5core.errors import ShapeError
from hw5core.network.base_layer import (
    MAX_CHANNELS,
    REQUIRED,
    Arguments,
    Limit,
    Shape,
    Sides,
    flag,
    not_default,
    number,
    pair,
    parameters,
)
from hw5core.network.layers.groups import group_choices, or_list
from hw5core.network.layers.window import MAX_WINDOW, Window
from hw5core.network.windows import SideWindow, fitting_groups


@dataclass(frozen=True)
class Conv(Window):
    """A 2-D convolution. The padding "same" keeps the sides of the image; it needs stride 1."""

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
    kernel_size: Sides = number("kernel size", 1, MAX_WINDOW, "k", common=15, has_sides=True)
    stride: Sides = number("stride", 1, MAX_WINDOW, "s", default=1, has_sides=True)
    padding: Sides | str = number("padding", 0, MAX_WINDOW, "p", default=0, has_sides=True, or_word="same")
    dilation: Sides = number("dilation", 1, MAX_WINDOW, "d", default=1, has_sides=True)
    groups: int = number("groups", 1, MAX_CHANNELS, "g", default=1)
    bias: bool = flag("nobias", "bias", default=True)

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        bounds = super().bounds(input_shape)
        if self.out_channels % self.groups == 0:
            channels = bounds["out_channels"]
            bounds["out_channels"] = replace(channels, lowest=max(channels.lowest, self.groups), step=self.groups)
        return bounds

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        fitting = super()._fitting(axis, size)
        if isinstance(self.padding, str):
            return fitting | dict.fromkeys(["kernel_size", "dilation"], (1, MAX_WINDOW)) | {"stride": (1, 1)}
        return fitting | {"dilation": (1, self.windows[axis].widest_dilation(size, MAX_WINDOW))}

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        if name != "groups" or len(input_shape) != 3:
            return {}
        return group_choices(fitting_groups(input_shape[0], self.out_channels), self.groups)

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width = self._output_sides(input_shape)
        if isinstance(self.padding, str) and self.stride != 1:
            raise ShapeError("same padding needs stride 1, as in PyTorch: choose stride 1, or a number as the padding")
        ins, outs = input_shape[0], self.out_channels
        if ins % self.groups or outs % self.groups:
            raise ShapeError(
                f"{self.groups} groups must divide both the {ins} channels that come in and the {outs} that go out: "
                f"{or_list(fitting_groups(ins, outs))} would"
            )
        return (outs, height, width)

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0] // self.groups * self.out_channels * prod(pair(self.kernel_size))

    def biases(self, input_shape: Shape) -> int:
        return self.out_channels if self.bias else 0

    def macs(self, input_shape: Shape) -> int:
        return self.weights(input_shape) * prod(self._output_sides(input_shape))

    def parameter_symbols(self) -> str:
        ins = r"\frac{\text{in}}{\text{groups}}" if self.groups > 1 else r"\text{in}"
        kernel = "k^2" if self.is_square else r"k_h\cdot k_w"
        return rf"{ins}\cdot\text{{out}}\cdot {kernel}" + (r"+\text{out}" if self.bias else "")

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        divided = f"/{self.groups}" if self.groups > 1 else ""
        height, width = pair(self.kernel_size)
        kernel = rf"({height}\cdot {width})"
        bias = f"+{self.out_channels}" if self.bias else ""
        return rf"{input_shape[0]}{divided}\cdot {self.out_channels}\cdot {kernel}{bias}"

    def _reach_symbols(self) -> str:
        return "d(k-1)-1"

    def _reach_arithmetic(self, window: SideWindow) -> str:
        return rf"{window.dilation}\cdot({window.kernel_size}-1)-1"

    @property
    def drawn_label(self) -> str:
        return self._drawn("conv")

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        named = not_default(self, stride=1, padding=0, dilation=1, groups=1, bias=True)
        return Arguments((input_shape[0], self.out_channels), {"kernel_size": self.kernel_size, **named})

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        padding = 0 if arguments["padding"] == "valid" else arguments["padding"]
        return super().from_torch(name, {**arguments, "padding": padding})
