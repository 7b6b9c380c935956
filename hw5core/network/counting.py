"""The closed-form maths of question 1: output shapes, parameters, multiply-accumulates (MACs), memory and
receptive fields. No torch.

Every number is a Python integer, so nothing overflows and nothing is allocated: a network of a hundred billion
parameters costs as much to count as one of a hundred.
"""

from dataclasses import dataclass
from math import gcd, isqrt, prod

from hw5core.errors import ShapeError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import (
    Activate,
    Architecture,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Shape,
)

BYTES_PER_VALUE = 4
"""float32, as PyTorch computes by default."""

MAX_VALUES = 10**12
"""The most values one layer may put out for one example: beyond it even the meta device's arithmetic ends."""


@dataclass(frozen=True)
class LayerCount:
    """What the closed form says of one layer. Shapes are those of one example; `weights` and `biases` are trainable
    parameters (of a batch normalisation: its scales and its shifts). `macs` are multiplications by a weight, for one
    example. `receptive_field` is the side, in input pixels, of the square that one output value can depend on, and
    None where that is the whole input."""

    number: int
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    weights: int
    biases: int
    macs: int
    receptive_field: int | None

    @property
    def parameters(self) -> int:
        return self.weights + self.biases

    @property
    def flops(self) -> int:
        """Floating-point operations: a multiplication and an addition for each MAC."""
        return 2 * self.macs

    @property
    def activations(self) -> int:
        """How many values the layer puts out for one example."""
        return prod(self.output_shape)

    @property
    def name(self) -> str:
        """Class and position as torchsummary prints them: "Conv2d-1"."""
        return f"{torch_class(self.layer, self.input_shape)}-{self.number}"


@dataclass(frozen=True)
class Misfit:
    """The first layer (numbered from 1) that does not fit its input, and the sentence that says so."""

    number: int
    message: str


@dataclass(frozen=True)
class Count:
    """The rows of the layers that fit, in order, and the first misfit if there is one: no row follows a misfit."""

    architecture: Architecture
    rows: tuple[LayerCount, ...]
    misfit: Misfit | None

    @property
    def fitting(self) -> Architecture:
        """The network up to the first misfit: what PyTorch can build of it."""
        return Architecture(self.architecture.input_shape, tuple(row.layer for row in self.rows))

    @property
    def output_shape(self) -> Shape:
        return self.rows[-1].output_shape if self.rows else self.architecture.input_shape

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)

    @property
    def flops(self) -> int:
        return sum(row.flops for row in self.rows)

    @property
    def activations(self) -> int:
        return sum(row.activations for row in self.rows)


@dataclass(frozen=True)
class Sizes:
    """The four sizes under torchsummary's table, in bytes for a batch of one."""

    input: int
    forward_backward: int
    parameters: int

    @property
    def total(self) -> int:
        return self.input + self.forward_backward + self.parameters


def count(architecture: Architecture) -> Count:
    """Follow one example through the network and count each layer. Never raises: a misfit ends the rows."""
    rows: list[LayerCount] = []
    shape: Shape = architecture.input_shape
    view: _View | None = _View(1, 1)
    for number, layer in enumerate(architecture.layers, start=1):
        view = _widen(view, layer)
        try:
            rows.append(_count_layer(number, layer, shape, view))
        except ShapeError as error:
            return Count(architecture, tuple(rows), Misfit(number, str(error)))
        shape = rows[-1].output_shape
    return Count(architecture, tuple(rows), None)


def sizes(counted: Count) -> Sizes:
    """torchsummary's sizes: every listed output counts twice, once forward and once for its gradient."""
    return Sizes(
        input=BYTES_PER_VALUE * prod(counted.architecture.input_shape),
        forward_backward=2 * BYTES_PER_VALUE * counted.activations,
        parameters=BYTES_PER_VALUE * counted.parameters,
    )


def torch_class(layer: Layer, input_shape: Shape) -> str:
    """The class of torch.nn that computes the layer on this input."""
    match layer:
        case Conv():
            return "Conv2d"
        case MaxPool():
            return "MaxPool2d"
        case AvgPool():
            return "AvgPool2d"
        case BatchNorm():
            return "BatchNorm2d" if len(input_shape) == 3 else "BatchNorm1d"
        case Activate(name):
            return ACTIVATIONS[name].torch_module
        case Flatten() | Linear() | Dropout():
            return type(layer).__name__


def window_output(size: int, kernel_size: int, stride: int, padding: int, dilation: int = 1) -> int:
    """How many positions a sliding window has along one side: floor((size + 2p - d(k-1) - 1) / s) + 1."""
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def largest_kernel(size: int, padding: int, dilation: int = 1) -> int:
    """The largest kernel that fits a side of this size, padding added at both ends; 0 or less where none does."""
    return (size + 2 * padding - 1) // dilation + 1


def least_padding(size: int, kernel_size: int, dilation: int = 1) -> int:
    """The padding that the kernel needs to fit a side of this size."""
    return max(0, -(-(dilation * (kernel_size - 1) + 1 - size) // 2))


def fitting_groups(in_channels: int, out_channels: int) -> list[int]:
    """The numbers of groups that divide both, smallest first."""
    shared = gcd(in_channels, out_channels)
    small = [divisor for divisor in range(1, isqrt(shared) + 1) if shared % divisor == 0]
    return sorted({*small, *(shared // divisor for divisor in small)})


@dataclass(frozen=True)
class _View:
    """What one value sees of the input: the side of its square, and how far apart neighbouring values' squares lie."""

    side: int
    jump: int


def _widen(view: _View | None, layer: Layer) -> _View | None:
    """The view after the layer; None once a linear layer has mixed the whole input."""
    match layer:
        case Linear():
            return None
        case Conv() | MaxPool() | AvgPool() if view:
            dilation = layer.dilation if isinstance(layer, Conv) else 1
            return _View(view.side + dilation * (layer.kernel_size - 1) * view.jump, view.jump * layer.stride)
        case _:
            return view


def _count_layer(number: int, layer: Layer, shape: Shape, view: _View | None) -> LayerCount:
    output = _output_shape(layer, shape)
    if prod(output) > MAX_VALUES:
        raise ShapeError(f"its output would hold {prod(output):,} values; the limit is {MAX_VALUES:,}: make it smaller")
    weights, biases = _weights_and_biases(layer, shape)
    macs = weights * prod(output[1:]) if isinstance(layer, Conv | Linear) else 0
    return LayerCount(number, layer, shape, output, weights, biases, macs, view.side if view else None)


def _output_shape(layer: Layer, shape: Shape) -> Shape:
    match layer:
        case Conv():
            _check_groups(layer, _channels(layer, shape))
            return (layer.out_channels, *_slide(layer, shape))
        case MaxPool() | AvgPool():
            if layer.padding > layer.kernel_size // 2:
                raise ShapeError(
                    f"a pooling's padding is at most half its kernel: "
                    f"padding {layer.kernel_size // 2} or less, or kernel {2 * layer.padding} or more"
                )
            return (_channels(layer, shape), *_slide(layer, shape))
        case Flatten():
            return (prod(shape),)
        case Linear():
            if len(shape) != 1:
                raise ShapeError("a linear layer takes one row of features: put a flatten before it")
            return (layer.out_features,)
        case _:
            return shape


def _weights_and_biases(layer: Layer, shape: Shape) -> tuple[int, int]:
    match layer:
        case Conv():
            weights = shape[0] // layer.groups * layer.out_channels * layer.kernel_size**2
            return weights, layer.out_channels * layer.bias
        case Linear():
            return shape[0] * layer.out_features, layer.out_features * layer.bias
        case BatchNorm():
            return shape[0], shape[0]
        case _:
            return 0, 0


def _channels(layer: Layer, shape: Shape) -> int:
    if len(shape) != 3:
        raise ShapeError(
            f"{_noun(layer)} needs rows and columns, and a flatten came before: move it ahead of the flatten"
        )
    return shape[0]


def _noun(layer: Layer) -> str:
    return "a convolution" if isinstance(layer, Conv) else "a pooling"


def _check_groups(layer: Conv, in_channels: int) -> None:
    if in_channels % layer.groups or layer.out_channels % layer.groups:
        raise ShapeError(
            f"{layer.groups} groups must divide both the {in_channels} channels that come in and the "
            f"{layer.out_channels} that go out: {_or_list(fitting_groups(in_channels, layer.out_channels))} would"
        )


def _or_list(numbers: list[int]) -> str:
    """The smallest few as words: "1, 2 or 4"."""
    *first, last = map(str, numbers[:6])
    return f"{', '.join(first)} or {last}" if first else last


def _slide(layer: Conv | MaxPool | AvgPool, shape: Shape) -> tuple[int, int]:
    dilation = layer.dilation if isinstance(layer, Conv) else 1
    height, width = (
        window_output(size, layer.kernel_size, layer.stride, layer.padding, dilation) for size in shape[1:]
    )
    if height < 1 or width < 1:
        raise ShapeError(_too_large(layer, dilation, shape))
    return height, width


def _too_large(layer: Conv | MaxPool | AvgPool, dilation: int, shape: Shape) -> str:
    """Name the mends of a window larger than its padded input: more padding, or a smaller kernel."""
    side = min(shape[1:])
    padding = least_padding(side, layer.kernel_size, dilation)
    kernel = largest_kernel(side, layer.padding, dilation)
    more_padding = f"padding {padding} or more, or " if isinstance(layer, Conv) else ""
    padded = f" with padding {layer.padding}" if layer.padding else ""
    spread = f" dilated by {dilation}" if dilation > 1 else ""
    return (
        f"kernel {layer.kernel_size}{spread} does not fit a {shape[1]}x{shape[2]} input{padded}: "
        f"{more_padding}kernel {kernel} or less"
    )
