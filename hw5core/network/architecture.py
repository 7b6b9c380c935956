"""What a network is: frozen layers, the one-line form that writes them down, presets and limits.

The one-line form is the network's only text: the terminal, the page's address and a run's id all use it.

    3x244x244 conv96k11s4 relu maxpool3s2 flatten linear1000
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from hw5core.errors import ArchitectureError
from hw5core.network.activations import ACTIVATIONS

Shape = tuple[int, ...]
"""The shape of one example, without the batch: (channels, height, width) or (features,)."""

MAX_LAYERS = 100
MAX_TEXT = 4_000


@dataclass(frozen=True)
class Limit:
    """The values a layer's field may take, both ends included, and what the field is called."""

    label: str
    lowest: int
    highest: int


LIMITS = {
    "out_channels": Limit("channels", 1, 1_000_000),
    "out_features": Limit("features", 1, 1_000_000),
    "kernel_size": Limit("kernel size", 1, 512),
    "stride": Limit("stride", 1, 512),
    "padding": Limit("padding", 0, 512),
    "dilation": Limit("dilation", 1, 512),
    "groups": Limit("groups", 1, 1_000_000),
}
INPUT_LIMITS = (
    Limit("input channels", 1, 1_000_000),
    Limit("input height", 1, 4_096),
    Limit("input width", 1, 4_096),
)


def _check(value: object, limit: Limit) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not limit.lowest <= value <= limit.highest:
        shown = f"{value:,}" if isinstance(value, int) and abs(value) < 10**15 else str(value)[:20]
        raise ArchitectureError(
            f"{limit.label} must be a whole number from {limit.lowest:,} to {limit.highest:,}, not {shown}"
        )


@dataclass(frozen=True)
class _Limited:
    """A layer whose fields stay within LIMITS; raises ArchitectureError when one does not."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in LIMITS:
                _check(getattr(self, field.name), LIMITS[field.name])


@dataclass(frozen=True)
class Conv(_Limited):
    """A square 2-D convolution (torch.nn.Conv2d)."""

    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True)
class MaxPool(_Limited):
    """Square max pooling. In the one-line form the stride is the kernel size unless it is written."""

    kernel_size: int
    stride: int
    padding: int = 0


@dataclass(frozen=True)
class AvgPool(_Limited):
    """Square average pooling. In the one-line form the stride is the kernel size unless it is written."""

    kernel_size: int
    stride: int
    padding: int = 0


@dataclass(frozen=True)
class Flatten:
    """(channels, height, width) to one row of features."""


@dataclass(frozen=True)
class Linear(_Limited):
    """A fully connected layer (torch.nn.Linear)."""

    out_features: int
    bias: bool = True


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation with a learnt scale and shift per channel (per feature after flatten)."""


@dataclass(frozen=True)
class Dropout:
    """Zeroes each value with this probability while training."""

    probability: float

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or round(self.probability, 4) != self.probability:
            raise ArchitectureError("a dropout probability lies from 0 to 1 and has at most four decimals")


@dataclass(frozen=True)
class Activate:
    """An activation of the registry, by name."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in ACTIVATIONS:
            raise ArchitectureError(f"there is no activation {self.name[:20]!r}; known: {', '.join(ACTIVATIONS)}")


Layer = Conv | MaxPool | AvgPool | Flatten | Linear | BatchNorm | Dropout | Activate


@dataclass(frozen=True)
class Architecture:
    """An input of (channels, height, width) and the layers it passes through. Whether the shapes fit is not said here:
    `parameters.count` tells, layer by layer."""

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        for size, limit in zip(self.input_shape, INPUT_LIMITS, strict=True):
            _check(size, limit)
        if len(self.layers) > MAX_LAYERS:
            raise ArchitectureError(f"a network has at most {MAX_LAYERS} layers, not {len(self.layers):,}")

    def with_activation(self, name: str) -> "Architecture":
        """The same network with every activation replaced by the one named: how two runs of a race differ."""
        swapped = (Activate(name) if isinstance(layer, Activate) else layer for layer in self.layers)
        return replace(self, layers=tuple(swapped))

    def __str__(self) -> str:
        """The one-line form; `parse` reads it back to an equal architecture."""
        return " ".join(["x".join(map(str, self.input_shape)), *map(write_layer, self.layers)])


# The one-line form, read and written.

_Read = TypeVar("_Read")

_WORD = re.compile(
    r"(?P<kind>conv|maxpool|avgpool|linear|dropout)(?P<number>[0-9.]+)(?P<options>(?:[kspdg][0-9]+)*)(?P<nobias>nobias)?"
)
_OPTION = re.compile(r"([kspdg])([0-9]+)")
_OPTION_FIELDS = {"k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
_HELP = (
    "layers are written conv96k11s4p2, maxpool3s2, avgpool2, flatten, linear10, bn, dropout0.5, or an activation: "
    + ", ".join(ACTIVATIONS)
)


def _whole(digits: str) -> int:
    """The number that the digits write; one too long for any limit is cut, and so refused as too large."""
    if "." in digits:
        raise ArchitectureError(f"{digits[:20]} is not a whole number")
    return int(digits[:15])


def _read_options(text: str, allowed: str) -> dict[str, int]:
    options: dict[str, int] = {}
    for letter, digits in _OPTION.findall(text):
        field = _OPTION_FIELDS[letter]
        if letter not in allowed:
            raise ArchitectureError(f"this layer has no {LIMITS[field].label} ({letter})")
        if field in options:
            raise ArchitectureError(f"the {LIMITS[field].label} ({letter}) stands twice")
        options[field] = _whole(digits)
    return options


def _read_conv(number: str, options: str, bias: bool) -> Layer:
    chosen = _read_options(options, "kspdg")
    if "kernel_size" not in chosen:
        raise ArchitectureError("a convolution needs its kernel size, as in conv96k11")
    return Conv(_whole(number), bias=bias, **chosen)


def _read_pool(kind: type[MaxPool] | type[AvgPool]) -> Callable[[str, str, bool], Layer]:
    def read(number: str, options: str, _bias: bool) -> Layer:
        kernel = _whole(number)
        return kind(kernel, **{"stride": kernel, **_read_options(options, "sp")})

    return read


def _read_linear(number: str, options: str, bias: bool) -> Layer:
    _read_options(options, "")
    return Linear(_whole(number), bias=bias)


def _read_dropout(number: str, options: str, _bias: bool) -> Layer:
    _read_options(options, "")
    if number.count(".") > 1 or not number.strip("."):
        raise ArchitectureError(f"{number[:20]} is not a probability")
    return Dropout(float(number))


_READERS: dict[str, Callable[[str, str, bool], Layer]] = {
    "conv": _read_conv,
    "maxpool": _read_pool(MaxPool),
    "avgpool": _read_pool(AvgPool),
    "linear": _read_linear,
    "dropout": _read_dropout,
}


def read_layer(word: str) -> Layer:
    """One layer from its word, such as "conv96k11s4". Raises ArchitectureError."""
    if word in ACTIVATIONS:
        return Activate(word)
    if word in ("flatten", "bn"):
        return Flatten() if word == "flatten" else BatchNorm()
    match = _WORD.fullmatch(word)
    if match is None:
        raise ArchitectureError(f"not a layer; {_HELP}")
    if match["nobias"] and match["kind"] not in ("conv", "linear"):
        raise ArchitectureError("only conv and linear have a bias to leave out")
    return _READERS[match["kind"]](match["number"], match["options"], not match["nobias"])


def write_layer(layer: Layer) -> str:
    """The layer's word; what equals the default is left out."""
    match layer:
        case Conv():
            options = [
                ("s", layer.stride, 1),
                ("p", layer.padding, 0),
                ("d", layer.dilation, 1),
                ("g", layer.groups, 1),
            ]
            return f"conv{layer.out_channels}k{layer.kernel_size}{_write_options(options)}{_write_bias(layer.bias)}"
        case MaxPool() | AvgPool():
            options = [("s", layer.stride, layer.kernel_size), ("p", layer.padding, 0)]
            return f"{type(layer).__name__.lower()}{layer.kernel_size}{_write_options(options)}"
        case Linear():
            return f"linear{layer.out_features}{_write_bias(layer.bias)}"
        case Dropout():
            return "dropout" + f"{layer.probability:.4f}".rstrip("0").rstrip(".")
        case Activate():
            return layer.name
        case Flatten():
            return "flatten"
        case BatchNorm():
            return "bn"


def _write_options(options: list[tuple[str, int, int]]) -> str:
    return "".join(f"{letter}{value}" for letter, value, default in options if value != default)


def _write_bias(bias: bool) -> str:
    return "" if bias else "nobias"


def _read_input(word: str) -> tuple[int, int, int]:
    sizes = word.split("x")
    if len(sizes) != 3 or not all(re.fullmatch(r"[0-9]+", size) for size in sizes):
        raise ArchitectureError("the first word is the input, channels x height x width, as in 3x224x224")
    channels, height, width = map(_whole, sizes)
    return Architecture((channels, height, width)).input_shape


def parse(text: str) -> Architecture:
    """Read the one-line form. Raises ArchitectureError with the place and the mend; never runs what it is given."""
    if len(text) > MAX_TEXT:
        raise ArchitectureError(f"the network is written in at most {MAX_TEXT:,} characters, not {len(text):,}")
    words = text.split()
    if not words:
        raise ArchitectureError("the network is empty: begin with its input, as in 3x224x224")
    if len(words) - 1 > MAX_LAYERS:
        raise ArchitectureError(f"a network has at most {MAX_LAYERS} layers, not {len(words) - 1:,}")
    input_shape = _at(1, words[0], _read_input)
    layers = (_at(place, word, read_layer) for place, word in enumerate(words[1:], start=2))
    return Architecture(input_shape, tuple(layers))


def _at(place: int, word: str, read: Callable[[str], _Read]) -> _Read:
    try:
        return read(word)
    except ArchitectureError as error:
        shown = word if len(word) <= 30 else word[:30] + "…"
        raise ArchitectureError(f"word {place}, “{shown}”: {error}") from None


@dataclass(frozen=True)
class Preset:
    """A network worth starting from: its title, its one-line form and what is to be known of it."""

    title: str
    text: str
    note: str

    @property
    def architecture(self) -> Architecture:
        return parse(self.text)


PRESETS = {
    "homework": Preset(
        "The homework's AlexNet",
        "3x244x244 conv96k11s4 relu conv256k5p1 relu conv384k3p1 relu conv384k3p1 relu conv256k3s4 relu",
        "The five convolutions of question 1, with the strides and paddings that the sheet's own table implies.",
    ),
    "alexnet-published": Preset(
        "AlexNet as published (2012)",
        "3x227x227 conv96k11s4 relu maxpool3s2 conv256k5p2g2 relu maxpool3s2 conv384k3p1 relu conv384k3p1g2 relu "
        "conv256k3p1g2 relu maxpool3s2 flatten linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "Two groups, because it was split over two graphics cards. Its local response normalisation is left out: "
        "it has no parameters. The paper says 224 pixels; its own shapes only come out with 227.",
    ),
    "alexnet-torchvision": Preset(
        "AlexNet as torchvision has it",
        "3x224x224 conv64k11s4p2 relu maxpool3s2 conv192k5p2 relu maxpool3s2 conv384k3p1 relu conv256k3p1 relu "
        "conv256k3p1 relu maxpool3s2 flatten dropout0.5 linear4096 relu dropout0.5 linear4096 relu linear1000",
        "Fewer filters and no groups, after a later paper. Its adaptive average pooling to 6x6 is left out: on 224 "
        "pixels it changes nothing.",
    ),
    "lenet-5": Preset(
        "LeNet-5 (1998)",
        "1x32x32 conv6k5 tanh avgpool2 conv16k5 tanh avgpool2 conv120k5 tanh flatten linear84 tanh linear10",
        "With every map of the second convolution connected and plain average pooling, as it is taught today; the "
        "original left some connections out and gave its poolings a weight and a bias.",
    ),
    "vgg-11": Preset(
        "VGG-11 (2014)",
        "3x224x224 conv64k3p1 relu maxpool2 conv128k3p1 relu maxpool2 conv256k3p1 relu conv256k3p1 relu maxpool2 "
        "conv512k3p1 relu conv512k3p1 relu maxpool2 conv512k3p1 relu conv512k3p1 relu maxpool2 flatten "
        "linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "Eight convolutions, and yet the first linear layer alone holds most of the parameters.",
    ),
    "vgg-16": Preset(
        "VGG-16 (2014)",
        "3x224x224 conv64k3p1 relu conv64k3p1 relu maxpool2 conv128k3p1 relu conv128k3p1 relu maxpool2 "
        "conv256k3p1 relu conv256k3p1 relu conv256k3p1 relu maxpool2 conv512k3p1 relu conv512k3p1 relu conv512k3p1 "
        "relu maxpool2 conv512k3p1 relu conv512k3p1 relu conv512k3p1 relu maxpool2 flatten "
        "linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "Thirteen convolutions of 3x3: the work is in them, the parameters are in the linear layers.",
    ),
    "digit-cnn": Preset(
        "The homework's digit CNN",
        "1x28x28 conv16k3p1 relu avgpool2 conv64k3p1 relu avgpool2 flatten linear50 relu linear10",
        "Question 2's network, reconstructed: the sheet does not give it; this one comes close to both of its curves.",
    ),
    "empty": Preset("Empty", "3x64x64", "Only an input: add the layers yourself."),
}
