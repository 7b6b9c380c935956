"""Layers of rows of features, and the flatten that makes such a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Self

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.network.base_layer import REQUIRED, Arguments, Layer, ReceptiveField, Shape, not_default, parameters
from hw5core.network.fields import MAX_CHANNELS, flag, number


@dataclass(frozen=True)
class Flatten(Layer):
    """Turns (channels, height, width) into one row of features."""

    word = "flatten"
    title = "flatten"
    example = "flatten"
    torch_name = "Flatten"
    torch_parameters = parameters(start_dim=1, end_dim=-1)
    torch_functions = MappingProxyType({"flatten": parameters(start_dim=0, end_dim=-1)})

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def shape_symbols(self) -> str:
        return r"\text{channels}\cdot\text{height}\cdot\text{width}"

    def shape_arithmetic(self, input_shape: Shape) -> str:
        return r"\cdot ".join(map(str, input_shape)) + f"={prod(input_shape)}"

    @property
    def drawn_label(self) -> str:
        return "flatten"

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        if arguments["start_dim"] == 0:
            raise ArchitectureError("a flatten from dimension 0 also joins the images of a batch: write 1 instead of 0")
        if arguments["start_dim"] != 1 or arguments["end_dim"] not in (-1, 3):
            raise ArchitectureError("a flatten joins channels, height and width: write 1 as its only number")
        return cls()


@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer."""

    word = "linear"
    title = "linear"
    example = "linear10"
    also_called = ("dense", "fc", "fullyconnected")
    torch_name = "Linear"
    draws_weights = True
    torch_parameters = parameters(in_features=REQUIRED, out_features=REQUIRED, bias=True)

    out_features: int = number("features", 1, MAX_CHANNELS, common=4096)
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

    def receptive_field(self, before: ReceptiveField | None, input_shape: Shape) -> ReceptiveField | None:
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
        return Arguments((input_shape[0], self.out_features), not_default(self, bias=True))
