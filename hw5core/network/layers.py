"""The layer kinds: one class per kind, with everything that depends on the kind.

Notation, menus, counts, formulas, drawing, export and module building call the methods of `Layer`. A new kind is a new
class and an entry in KINDS here, and a kernel in training/kernels.py.
"""

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Self

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.base_layer import Arguments, Layer, Limit, Shape, View, flag, number
from hw5core.network.windows import fitting_groups, largest_kernel, least_padding, window_output

_MAX_CHANNELS = 1_000_000
_MAX_WINDOW = 512
_MOST_GROUPS = 40  # in a menu


class _Window(Layer):
    """A layer that slides a square window over an image. Each subclass declares the fields in its own order."""

    kernel_size: int
    stride: int
    padding: int
    dilation: int = 1

    def _sides(self, input_shape: Shape) -> tuple[int, int]:
        """Return the output's height and width. Raises ShapeError if the window does not fit."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"{self.title} needs channels, height and width, but a flatten comes before it: move it before the "
                "flatten"
            )
        height, width = (
            window_output(size, self.kernel_size, self.stride, self.padding, self.dilation) for size in input_shape[1:]
        )
        if height < 1 or width < 1:
            raise ShapeError(self._too_large(input_shape))
        return height, width

    def _too_large(self, input_shape: Shape) -> str:
        """Return the message for a window larger than its padded input, with the values that would fit."""
        side = min(input_shape[1:])
        padding = least_padding(side, self.kernel_size, self.dilation)
        more_padding = f"padding {padding} or more, or " if padding <= self._highest_padding() else ""
        padded = f" with padding {self.padding}" if self.padding else ""
        spread = f" dilated by {self.dilation}" if self.dilation > 1 else ""
        return (
            f"kernel {self.kernel_size}{spread} does not fit a {input_shape[1]}x{input_shape[2]} input{padded}: "
            f"{more_padding}kernel {largest_kernel(side, self.padding, self.dilation)} or less"
        )

    def _highest_padding(self) -> int:
        return _MAX_WINDOW

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        limits = self.limits()
        if len(input_shape) == 3:
            limits |= {
                name: _within(limits[name], lowest, highest)
                for name, (lowest, highest) in self._fitting(min(input_shape[1:])).items()
            }
        return {name: limit.including(getattr(self, name)) for name, limit in limits.items()}

    def _fitting(self, side: int) -> dict[str, tuple[int, int]]:
        """Return the lowest and highest fitting value of each field on an input whose shorter side is `side`."""
        return {
            "kernel_size": (1, largest_kernel(side, self.padding, self.dilation)),
            # A longer stride also leaves one position.
            "stride": (1, side + 2 * self.padding - self.dilation * (self.kernel_size - 1)),
            "padding": (least_padding(side, self.kernel_size, self.dilation), self._highest_padding()),
        }

    def view(self, before: View | None, input_shape: Shape) -> View | None:
        if before is None:
            return None
        reach = self.dilation * (self.kernel_size - 1)
        return View(before.side + reach * before.jump, before.jump * self.stride)

    def shape_arithmetic(self, input_shape: Shape) -> str:
        sides = dict(zip(input_shape[1:], self._sides(input_shape), strict=True))
        return r",\;".join(
            rf"\left\lfloor\frac{{{size}+2\cdot {self.padding}-{self._reach_arithmetic()}}}{{{self.stride}}}"
            rf"\right\rfloor+1={output}"
            for size, output in sides.items()
        )

    def _reach_arithmetic(self) -> str:
        return str(self.kernel_size)

    def _drawn(self, name: str) -> str:
        """Return the label of the layer's block, such as "conv 11×11 /4"."""
        return f"{name} {self.kernel_size}×{self.kernel_size}" + (f" /{self.stride}" if self.stride > 1 else "")


@dataclass(frozen=True)
class Conv(_Window):
    """A square 2-D convolution."""

    word = "conv"
    title = "convolution"
    example = "conv64k3p1"
    torch_name = "Conv2d"
    draws_weights = True

    out_channels: int = number("channels", 1, _MAX_CHANNELS, common=512)
    kernel_size: int = number("kernel size", 1, _MAX_WINDOW, "k", common=15)
    stride: int = number("stride", 1, _MAX_WINDOW, "s", default=1)
    padding: int = number("padding", 0, _MAX_WINDOW, "p", default=0)
    dilation: int = number("dilation", 1, _MAX_WINDOW, "d", default=1)
    groups: int = number("groups", 1, _MAX_CHANNELS, "g", default=1)
    bias: bool = flag("nobias", "bias", default=True)

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        bounds = super().bounds(input_shape)
        if self.out_channels % self.groups == 0:
            channels = bounds["out_channels"]
            bounds["out_channels"] = replace(channels, lowest=max(channels.lowest, self.groups), step=self.groups)
        return bounds

    def _fitting(self, side: int) -> dict[str, tuple[int, int]]:
        widest = (side + 2 * self.padding - 1) // (self.kernel_size - 1) if self.kernel_size > 1 else _MAX_WINDOW
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
        named = _not_default(self, stride=1, padding=0, dilation=1, groups=1, bias=True)
        return Arguments((input_shape[0], self.out_channels), {"kernel_size": self.kernel_size, **named})


class _Pool(_Window):
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
        return Arguments(named=named | _not_default(self, padding=0))


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Square max pooling. In the one-line form, the stride is the kernel size unless it is written."""

    word = "maxpool"
    title = "max pooling"
    example = "maxpool2"
    torch_name = "MaxPool2d"

    kernel_size: int = number("kernel size", 1, _MAX_WINDOW)
    stride: int = number("stride", 1, _MAX_WINDOW, "s", same_as="kernel_size")
    padding: int = number("padding", 0, _MAX_WINDOW, "p", default=0)

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

    kernel_size: int = number("kernel size", 1, _MAX_WINDOW)
    stride: int = number("stride", 1, _MAX_WINDOW, "s", same_as="kernel_size")
    padding: int = number("padding", 0, _MAX_WINDOW, "p", default=0)

    @property
    def drawn_label(self) -> str:
        return self._drawn("mean")


@dataclass(frozen=True)
class Flatten(Layer):
    """Turns (channels, height, width) into one row of features."""

    word = "flatten"
    title = "flatten"
    example = "flatten"
    torch_name = "Flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def shape_symbols(self) -> str:
        return r"\text{channels}\cdot\text{height}\cdot\text{width}"

    def shape_arithmetic(self, input_shape: Shape) -> str:
        return r"\cdot ".join(map(str, input_shape)) + f"={prod(input_shape)}"

    @property
    def drawn_label(self) -> str:
        return "flatten"


@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer."""

    word = "linear"
    title = "linear"
    example = "linear10"
    torch_name = "Linear"
    draws_weights = True

    out_features: int = number("features", 1, _MAX_CHANNELS, common=4096)
    bias: bool = flag("nobias", "bias", default=True)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError("a linear layer takes one row of features: put a flatten before it")
        return (self.out_features,)

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0] * self.out_features

    def biases(self, input_shape: Shape) -> int:
        return self.out_features if self.bias else 0

    def macs(self, input_shape: Shape) -> int:
        return self.weights(input_shape)

    def view(self, before: View | None, input_shape: Shape) -> View | None:
        return None

    def parameter_symbols(self) -> str:
        return r"\text{in}\cdot\text{out}" + (r"+\text{out}" if self.bias else "")

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        return rf"{input_shape[0]}\cdot {self.out_features}" + (f"+{self.out_features}" if self.bias else "")

    def shape_symbols(self) -> str:
        return r"\text{out}"

    def shape_arithmetic(self, input_shape: Shape) -> str:
        return str(self.out_features)

    @property
    def drawn_label(self) -> str:
        return "linear"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((input_shape[0], self.out_features), _not_default(self, bias=True))


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation with a learnt scale and shift per channel (per feature after a flatten)."""

    word = "bn"
    title = "batch normalisation"
    example = "bn"
    torch_name = "BatchNorm2d"

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0]

    def biases(self, input_shape: Shape) -> int:
        return input_shape[0]

    def needs_two_images(self, input_shape: Shape) -> bool:
        # With one value per channel there is nothing to average over.
        return prod(input_shape[1:]) == 1

    def parameter_symbols(self) -> str:
        return r"\text{scales}+\text{shifts}"

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        return f"{input_shape[0]}+{input_shape[0]}"

    def torch_class(self, input_shape: Shape) -> str:
        return "BatchNorm2d" if len(input_shape) == 3 else "BatchNorm1d"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((input_shape[0],))


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets each value to zero with this probability during training."""

    word = "dropout"
    title = "dropout"
    example = "dropout0.5"
    torch_name = "Dropout"

    probability: float = number("probability", 0, 1)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or round(self.probability, 4) != self.probability:
            raise ArchitectureError("a dropout probability lies from 0 to 1 and has at most four decimals")

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((self.probability,))


@dataclass(frozen=True)
class Activate(Layer):
    """An activation of the registry, by name. Its word in the one-line form is the activation's name."""

    word = ""
    title = "activation"
    example = "relu"
    torch_name = "Module"

    name: str = field(metadata={"label": "function"})

    def __post_init__(self) -> None:
        if self.name not in ACTIVATIONS:
            raise ArchitectureError(f"there is no activation {self.name[:20]!r}; known: {', '.join(ACTIVATIONS)}")

    @classmethod
    def read(cls, text: str) -> Self | None:
        return cls(text) if text in ACTIVATIONS else None

    def __str__(self) -> str:
        return self.name

    @classmethod
    def menu(cls) -> dict[str, str]:
        return {name: activation.label for name, activation in ACTIVATIONS.items()}

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        return self.menu() if name == "name" else {}

    def torch_class(self, input_shape: Shape) -> str:
        return ACTIVATIONS[self.name].torch_module

    def with_activation(self, name: str) -> Layer:
        return Activate(name)


KINDS: list[type[Layer]] = [Conv, Activate, MaxPool, AvgPool, Flatten, Linear, BatchNorm, Dropout]
"""All layer kinds, in the order of the menus."""


def _within(limit: Limit, lowest: int, highest: int) -> Limit:
    """Return the part of the limit from lowest to highest, at least one value."""
    low = min(max(lowest, limit.lowest), limit.highest)
    return replace(limit, lowest=low, highest=max(low, min(highest, limit.highest)))


def _not_default(layer: Layer, **defaults: object) -> dict[str, object]:
    """Return the named fields of the layer that differ from these defaults of torch.nn."""
    values = {name: getattr(layer, name) for name in defaults}
    return {name: value for name, value in values.items() if value != defaults[name]}


def _or_list(numbers: list[int]) -> str:
    """Return the smallest few numbers as words: "1, 2 or 4"."""
    *first, last = map(str, numbers[:6])
    return f"{', '.join(first)} or {last}" if first else last
