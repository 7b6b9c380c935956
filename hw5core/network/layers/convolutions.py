"""Convolutions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Self

from hw5core.errors import ShapeError
from hw5core.network.base_layer import REQUIRED, Arguments, Shape, image_shape, not_default, parameters
from hw5core.network.fields import MAX_CHANNELS, Limit, Sides, flag, in_prose, number, pair
from hw5core.network.layers.groups import group_choices, or_list
from hw5core.network.layers.window import MAX_WINDOW, SlidingWindow, Window
from hw5core.network.windows import SideWindow, TransposedWindow, fitting_groups


class _Convolution(Window):
    """Filters with a weight for each pixel of a window and each channel of their group."""

    draws_weights = True

    out_channels: int
    groups: int
    bias: bool

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        bounds = super().bounds(input_shape)
        if self.out_channels % self.groups == 0:
            channels = bounds["out_channels"]
            bounds["out_channels"] = replace(channels, lowest=max(channels.lowest, self.groups), step=self.groups)
        return bounds

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        if name != "groups" or len(input_shape) != 3:
            return {}
        return group_choices(fitting_groups(input_shape[0], self.out_channels), self.groups)

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width = self._output_sides(input_shape)
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


@dataclass(frozen=True)
class Conv(_Convolution, SlidingWindow):
    """A 2-D convolution. The padding "same" keeps the sides of the image; it needs stride 1."""

    word = "conv"
    title = "convolution"
    example = "conv64k3p1"
    torch_name = "Conv2d"
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

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        fitting = super()._fitting(axis, size)
        if isinstance(self.padding, str):
            return fitting | dict.fromkeys(["kernel_size", "dilation"], (1, MAX_WINDOW)) | {"stride": (1, 1)}
        return fitting | {"dilation": (1, self.windows[axis].widest_dilation(size, MAX_WINDOW))}

    def output_shape(self, input_shape: Shape) -> Shape:
        if isinstance(self.padding, str) and self.stride != 1:
            raise ShapeError("same padding needs stride 1, as in PyTorch: choose stride 1, or a number as the padding")
        return super().output_shape(input_shape)

    def macs(self, input_shape: Shape) -> int:
        return self.weights(input_shape) * prod(self._output_sides(input_shape))

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


@dataclass(frozen=True)
class ConvTranspose(_Convolution):
    """A transposed 2-D convolution: each input value adds its multiples of the weights to a window of the output.

    With a stride, the output is larger than the input. The output padding adds lines and columns at the end.
    """

    word = "convt"
    title = "transposed convolution"
    example = "convt32k4s2p1"
    also_called = ("deconv", "upconv")
    torch_name = "ConvTranspose2d"
    torch_parameters = parameters(
        in_channels=REQUIRED,
        out_channels=REQUIRED,
        kernel_size=REQUIRED,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
    )

    out_channels: int = number("channels", 1, MAX_CHANNELS, common=512)
    kernel_size: Sides = number("kernel size", 1, MAX_WINDOW, "k", common=15, has_sides=True)
    stride: Sides = number("stride", 1, MAX_WINDOW, "s", default=1, has_sides=True)
    padding: Sides = number("padding", 0, MAX_WINDOW, "p", default=0, has_sides=True)
    output_padding: Sides = number("output padding", 0, MAX_WINDOW, "o", default=0, has_sides=True)
    dilation: Sides = number("dilation", 1, MAX_WINDOW, "d", default=1, has_sides=True)
    groups: int = number("groups", 1, MAX_CHANNELS, "g", default=1)
    bias: bool = flag("nobias", "bias", default=True)

    @cached_property
    def windows(self) -> tuple[TransposedWindow, TransposedWindow]:
        height, width = zip(
            *map(pair, (self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation)), strict=True
        )
        return TransposedWindow(*height), TransposedWindow(*width)

    def _output_sides(self, input_shape: Shape) -> tuple[int, int]:
        _, *sizes = image_shape(self, input_shape)
        for window in self.windows:
            if window.output_padding >= max(window.stride, window.dilation):
                raise ShapeError(
                    "the output padding must be less than the stride or the dilation: output padding "
                    f"{max(window.stride, window.dilation) - 1} or less"
                )
        height, width = (window.outputs(size) for window, size in zip(self.windows, sizes, strict=True))
        if height < 1 or width < 1:
            raise ShapeError(
                f"padding {in_prose(self.padding)} leaves nothing of the output: choose a smaller padding, or a larger "
                "kernel"
            )
        return height, width

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        return {
            name: (lowest, MAX_WINDOW if highest is None else highest)
            for name, (lowest, highest) in self.windows[axis].fitting(size).items()
        }

    def macs(self, input_shape: Shape) -> int:
        return self.weights(input_shape) * prod(input_shape[1:])

    def shape_symbols(self) -> str:
        return r"(\text{side}-1)s-2p+d(k-1)+o+1"

    def _side_arithmetic(self, axis: int, size: int, output: int) -> str:
        window = self.windows[axis]
        return (
            rf"({size}-1)\cdot {window.stride}-2\cdot {window.padding}+{window.dilation}\cdot({window.kernel_size}-1)"
            rf"+{window.output_padding}+1={output}"
        )

    @property
    def drawn_label(self) -> str:
        return self._drawn("convt", "↑")

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        named = not_default(self, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1)
        return Arguments((input_shape[0], self.out_channels), {"kernel_size": self.kernel_size, **named})
