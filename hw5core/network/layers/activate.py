"""The activations of the registry as layers, and the layers that stand in the same place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from hw5core.errors import ArchitectureError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.base_layer import Arguments, Layer, Parameters, Shape, parameters


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

    @classmethod
    def torch_calls(cls) -> dict[str, Parameters | None]:
        modules = [activation.torch_module for activation in ACTIVATIONS.values()]
        return dict.fromkeys([*modules, *map(_function, modules)])

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        return cls(
            next(one.name for one in ACTIVATIONS.values() if name in (one.torch_module, _function(one.torch_module)))
        )

    def with_activation(self, name: str) -> Layer:
        return Activate(name)


@dataclass(frozen=True)
class PReLU(Layer):
    """A ReLU with a slope for negative values that is learnt: one parameter for all values."""

    word = "prelu"
    title = "PReLU"
    example = "prelu"
    torch_name = "PReLU"
    torch_parameters = parameters(num_parameters=1, init=0.25)

    def weights(self, input_shape: Shape) -> int:
        return 1

    def parameter_symbols(self) -> str:
        return r"\text{slope}"

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        return "1"


@dataclass(frozen=True)
class Softmax(Layer):
    """Turns the values of each image (of each pixel before a flatten) into probabilities."""

    word = "softmax"
    title = "softmax"
    example = "softmax"
    torch_name = "Softmax"
    torch_parameters = parameters(dim=None)
    torch_functions = MappingProxyType({"softmax": parameters(dim=None, _stacklevel=3)})
    race_problem = "the loss of a race, cross-entropy, includes a softmax: remove this one"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments(named={"dim": 1})

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        if arguments["dim"] not in (None, 1, -1):
            raise ArchitectureError("a softmax over another dimension than the channels or features is not known here")
        return cls()


@dataclass(frozen=True)
class LogSoftmax(Softmax):
    """The logarithm of a softmax."""

    word = "logsoftmax"
    title = "log-softmax"
    example = "logsoftmax"
    torch_name = "LogSoftmax"
    torch_functions = MappingProxyType({"log_softmax": parameters(dim=None, _stacklevel=3)})


def _function(module: str) -> str:
    """Return the name of the function that computes the same as a class of torch.nn: leaky_relu for LeakyReLU."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", module).lower()
