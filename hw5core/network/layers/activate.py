"""The activations of the registry as layers."""

from dataclasses import dataclass, field
from typing import Any, Self

from hw5core.errors import ArchitectureError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.base_layer import Layer, Shape


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
