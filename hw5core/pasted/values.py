"""The values that a program computes while it is read. None of them is an object of PyTorch or Keras."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hw5core.network.base_layer import Layer, Shape
from hw5core.pasted.reading import ReadLayer
from hw5core.pasted.source import Span

Value = Any
"""A number, text, list, tuple, dictionary or None of Python, or an instance of a class below."""

_MAX_MODULES = 300


@dataclass(frozen=True)
class Library:
    """Something of a library by its full name, such as torch.nn.Conv2d."""

    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Finding:
    """Something in the program that is wrong or not understood. `text` continues the words "Line 9, ".

    `replacement` corrects the span, and `label` says so on a button.
    """

    line: int
    text: str
    span: Span | None = None
    replacement: str | None = None
    label: str = ""


@dataclass(frozen=True)
class WrongNumber:
    """A number in the program that does not fit the input of its layer.

    `node` is where the number is written; None if it makes several layers, which may need different numbers.
    `before` has passed the layers before this one.
    """

    name: str
    call: ast.Call
    parameter: str
    written: Value
    actual: Value
    node: ast.expr | None
    before: "Tensor"


@dataclass(frozen=True)
class Misfit:
    """A layer that does not fit its input, and why.

    `made` is the call that makes the layer, and `call` the one that applies it. `before` has passed the layers before.
    """

    name: str
    made: ast.Call
    call: "Call"
    layer: Layer
    text: str
    before: "Tensor"


Trouble = Finding | WrongNumber | Misfit


@dataclass(frozen=True)
class Step:
    """A layer that a tensor has passed. `owner` is the module with the parameters; a function has none."""

    read: ReadLayer
    owner: object = None


@dataclass(frozen=True)
class Tensor:
    """The values of one example on their way through the network: their shape, and the layers that they have passed.

    `troubles` are wrong numbers on the way, each with the number of layers before it. The layers after them are those
    of the corrected program.
    """

    shape: Shape
    steps: tuple[Step, ...] = ()
    troubles: tuple[tuple[int, Trouble], ...] = ()

    def with_trouble(self, trouble: Trouble) -> "Tensor":
        """Return the tensor with one more trouble at this place."""
        return replace(self, troubles=(*self.troubles, (len(self.steps), trouble)))


@dataclass(frozen=True)
class Unknown:
    """A value that cannot be known without running the program, and why. `after` is the tensor that it follows from."""

    trouble: Trouble
    after: Tensor | None = None


def deepest(*values: "Value") -> Tensor | None:
    """Return the tensor that has passed the most layers, or None: one of the values, or one that an Unknown follows."""
    tensors = [value.after if isinstance(value, Unknown) else value for value in values]
    return max((one for one in tensors if isinstance(one, Tensor)), key=lambda one: len(one.steps), default=None)


@dataclass(frozen=True)
class Sample:
    """A tensor that the program makes itself, such as torch.randn(1, 3, 32, 32), with its whole shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """The number of images in a batch, which is not known."""


@dataclass(frozen=True)
class Argument:
    """The value of an argument, and where it is written; None if it comes from an unpacked list."""

    value: Value
    node: ast.expr | None


@dataclass(frozen=True)
class Call:
    """A call with its evaluated arguments.

    `sequence` is the call of Sequential(...) that contains the called layer, or None.
    """

    node: ast.Call
    positional: tuple[Argument, ...] = ()
    named: Mapping[str, Argument] = field(default_factory=dict)
    sequence: ast.Call | None = None

    def value(self, place: int, name: str, default: Value = None) -> Value:
        """Return an argument by its place or name."""
        if place < len(self.positional):
            return self.positional[place].value
        return self.named[name].value if name in self.named else default


@dataclass(frozen=True)
class Method:
    """A method of a value that the reader itself computes."""

    receiver: Value
    name: str


@dataclass(eq=False)
class LayerModule:
    """A module that is one layer, made by a call of `called`.

    `layer` is None if it changes neither shapes nor counts. `given` are its arguments by the names of their parameters.
    `trouble` says why it cannot be used.
    """

    called: str
    call: Call
    layer: Layer | None = None
    given: Mapping[str, Argument] = field(default_factory=dict)
    trouble: Trouble | None = None
    name: str = ""
    used: bool = False


@dataclass(eq=False)
class SequentialModule:
    """Modules that run one after the other, each with its name."""

    children: list[tuple[str, Value]]
    call: Call | None = None
    name: str = ""


@dataclass(eq=False)
class UserClass:
    """A class of the program."""

    node: ast.ClassDef
    bases: tuple[Value, ...]
    members: dict[str, Value]

    def find(self, name: str, seen: int = 0) -> Value:
        """Return a member of this class or of one that it extends, or None."""
        if name in self.members:
            return self.members[name]
        classes = [base for base in self.bases if isinstance(base, UserClass)] if seen < 20 else []
        return next((found for base in classes if (found := base.find(name, seen + 1)) is not None), None)


@dataclass(eq=False)
class UserFunction:
    """A function or method of the program. `instance` is the first argument of a bound method."""

    node: ast.FunctionDef
    scope: "Scope"
    defaults: Mapping[str, Value]
    home: "UserClass | None" = None
    instance: "Instance | None" = None


@dataclass(eq=False)
class Instance:
    """An object of a class of the program."""

    made_by: UserClass
    attributes: dict[str, Value] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Super:
    """What super() returns: the instance, and the class whose bases are searched."""

    instance: Instance
    home: UserClass


@dataclass(eq=False)
class Scope:
    """The names that a function sees: its own, then those outside."""

    names: dict[str, Value]
    outer: "Scope | None" = None
    function: UserFunction | None = None

    def find(self, name: str) -> Value:
        """Return the value of a name. Raises KeyError if there is none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        raise KeyError(name)


def layer_modules(module: Value) -> Iterator[tuple[str, LayerModule]]:
    """Yield the layers that a network has as attributes, each with its name."""
    found: list[tuple[str, Value]] = [("", module)]
    for _ in range(_MAX_MODULES):
        if not found:
            return
        name, one = found.pop()
        dot = f"{name}." if name else ""
        match one:
            case LayerModule():
                yield name, one
            case SequentialModule(children=children):
                found += [(f"{dot}{key}", child) for key, child in reversed(children)]
            case Instance(attributes=attributes):
                found += [(f"{dot}{key}", child) for key, child in reversed(attributes.items())]
            case list():
                found += [(f"{dot}{number}", child) for number, child in reversed(list(enumerate(one)))]


def library_of(module: Value) -> str:
    """Return the library that a network is written with."""
    keras = any(layer.called.startswith("keras") for _, layer in layer_modules(module))
    return "Keras" if keras else "PyTorch"
