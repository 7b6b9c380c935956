"""What a library such as PyTorch means to the reader: its names, its calls, and its modules."""

from typing import Protocol

from hw5core.pasted.expressions import Expressions
from hw5core.pasted.values import Call, LayerModule, Library, Tensor, Value


class LibraryCode(Protocol):
    """A library whose calls the reader understands."""

    def owns(self, name: str) -> bool:
        """Return True if a full name belongs to this library."""
        ...

    def find(self, name: str) -> Library | None:
        """Return what a name without its library means, such as Conv2d, or None."""
        ...

    def exported(self, module: str) -> list[str]:
        """Return the names that `from module import *` defines."""
        ...

    def call(self, program: Expressions, name: str, call: Call) -> Value:
        """Return what a call of a class or function returns."""
        ...

    def apply(self, program: Expressions, module: LayerModule, tensor: Tensor, call: Call, name: str) -> Value:
        """Return the output of one of its layers, which the program calls `name`."""
        ...

    def has_method(self, receiver: Value, name: str) -> bool:
        """Return True if a value of this library has a method that is understood."""
        ...

    def call_method(self, program: Expressions, receiver: Value, name: str, call: Call) -> Value:
        """Return what a method of a value of this library returns."""
        ...
