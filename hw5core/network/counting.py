"""Counts a network without torch: output shapes, parameters, multiply-accumulates (MACs), memory and receptive fields.

Every number is a Python integer. Nothing overflows and nothing is allocated, so a network of a hundred billion
parameters costs as little to count as one of a hundred.
"""

from dataclasses import dataclass, field
from math import prod

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, ReceptiveField, Shape
from hw5core.network.windows import Span

BYTES_PER_VALUE = 4
"""The size of a float32, PyTorch's default."""

MAX_VALUES = 10**12
"""The largest output of a layer for one example. Beyond it, arithmetic on PyTorch's meta device fails too."""


@dataclass(frozen=True)
class LayerCount:
    """The counts of one layer, for one example.

    `number` counts layers from 1. `weights` and `biases` are trainable parameters (scales and shifts of a
    normalisation), and `stored` are values that are not trained. `macs` are multiplications by a weight.
    `depends_on` is the receptive field of the outputs; None if each depends on the whole input.
    """

    number: int
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    weights: int
    biases: int
    stored: int
    macs: int
    depends_on: ReceptiveField | None = field(compare=False, repr=False)

    @property
    def parameters(self) -> int:
        return self.weights + self.biases

    @property
    def receptive_field(self) -> tuple[int, int] | None:
        """Height and width, in input pixels, of the rectangle that one output value depends on; None: all of it."""
        return self.depends_on.sides if self.depends_on else None

    @property
    def flops(self) -> int:
        """Floating-point operations: a multiplication and an addition for each MAC."""
        return 2 * self.macs

    @property
    def activations(self) -> int:
        """The number of output values for one example."""
        return prod(self.output_shape)

    @property
    def name(self) -> str:
        """Class and position as torchsummary prints them: "Conv2d-1"."""
        return f"{self.layer.torch_class(self.input_shape)}-{self.number}"


@dataclass(frozen=True)
class Misfit:
    """The first layer that does not fit its input, numbered from 1, and a sentence that says how to correct it."""

    number: int
    message: str

    def __str__(self) -> str:
        return f"layer {self.number}: {self.message}"


@dataclass(frozen=True)
class Count:
    """The counts of the layers up to the first misfit, in order. `misfit` is None if every layer fits."""

    architecture: Architecture
    rows: tuple[LayerCount, ...]
    misfit: Misfit | None

    @property
    def fitting(self) -> Architecture:
        """The network without its first misfit and what follows: the part that PyTorch can build."""
        return Architecture(self.architecture.input_shape, tuple(row.layer for row in self.rows))

    @property
    def output_shape(self) -> Shape:
        return self.rows[-1].output_shape if self.rows else self.architecture.input_shape

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def stored(self) -> int:
        return sum(row.stored for row in self.rows)

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
    """The four sizes below torchsummary's table, in bytes."""

    input: int
    forward_backward: int
    parameters: int

    @property
    def total(self) -> int:
        return self.input + self.forward_backward + self.parameters

    def for_batch(self, images: int) -> "Sizes":
        """Return the sizes for a batch of so many images, given those for one. The parameters exist once."""
        return Sizes(images * self.input, images * self.forward_backward, self.parameters)


def count(architecture: Architecture) -> Count:
    """Count each layer of a network. Never raises: the rows end before the first layer that does not fit."""
    rows: list[LayerCount] = []
    shape: Shape = architecture.input_shape
    depends_on: ReceptiveField | None = ReceptiveField()
    for number, layer in enumerate(architecture.layers, start=1):
        try:
            row = _count_layer(number, layer, shape, depends_on)
        except ShapeError as error:
            return Count(architecture, tuple(rows), Misfit(number, str(error)))
        rows.append(row)
        shape, depends_on = row.output_shape, row.depends_on
    return Count(architecture, tuple(rows), None)


def count_fitting(architecture: Architecture) -> Count:
    """Count each layer of a network. Raises ArchitectureError if a layer does not fit."""
    counted = count(architecture)
    if counted.misfit:
        raise ArchitectureError(str(counted.misfit))
    return counted


def sizes(counted: Count) -> Sizes:
    """Return torchsummary's sizes for a batch of one. It counts every listed output twice: forward and its gradient."""
    return Sizes(
        input=BYTES_PER_VALUE * prod(counted.architecture.input_shape),
        forward_backward=2 * BYTES_PER_VALUE * counted.activations,
        parameters=BYTES_PER_VALUE * counted.parameters,
    )


def receptive_patch(counted: Count, number: int, place: tuple[int, ...]) -> tuple[Span, Span]:
    """Return the rows and the columns of the network's input on which one output value of layer `number` depends.

    Layers are numbered from 1. `place` is the value's channel, row and column, or its number after a flatten, from 0.
    """
    rows, (_, height, width) = counted.rows[:number], counted.architecture.input_shape
    depends_on = rows[-1].depends_on
    if depends_on is None:
        return (0, height - 1), (0, width - 1)
    if len(place) == 1:
        # Only a flatten gives a value a place in a row before it depends on the whole input.
        _, height, width = next(row.input_shape for row in reversed(rows) if len(row.input_shape) == 3)
        place = (0, place[0] % (height * width) // width, place[0] % width)
    return depends_on.rows((place[1], place[1])), depends_on.columns((place[2], place[2]))


def _count_layer(number: int, layer: Layer, shape: Shape, before: ReceptiveField | None) -> LayerCount:
    """Return the counts of a layer whose input has this shape and this receptive field. Raises ShapeError."""
    output = layer.output_shape(shape)
    if prod(output) > MAX_VALUES:
        raise ShapeError(f"its output would hold {prod(output):,} values; the limit is {MAX_VALUES:,}: make it smaller")
    return LayerCount(
        number=number,
        layer=layer,
        input_shape=shape,
        output_shape=output,
        weights=layer.weights(shape),
        biases=layer.biases(shape),
        stored=layer.stored(shape),
        macs=layer.macs(shape),
        depends_on=layer.receptive_field(before, shape),
    )
