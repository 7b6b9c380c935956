"""The base class of all layer kinds, and the small types with which a kind describes itself.

A kind declares its fields with `number` and `flag` of network/fields.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Self, cast

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.network.fields import Limit, sides
from hw5core.network.windows import Span

Shape = tuple[int, ...]
"""The shape of one example without the batch: (channels, height, width) or (features,)."""

Parameters = Mapping[str, object]
"""The parameters of a class or function of PyTorch in its order, each with its default or REQUIRED."""

REQUIRED = MISSING

NO_EFFECT = frozenset(
    {"alpha", "beta", "count_include_pad", "divisor_override", "eps", "init", "inplace", "k", "momentum"}
    | {"padding_mode", "track_running_stats", "training"}
)
"""The parameters of PyTorch's layers that change neither shapes nor counts."""


def _same(span: Span) -> Span:
    return span


@dataclass(frozen=True)
class ReceptiveField:
    """The part of the network's input on which neighbouring values of a layer depend.

    `height` and `width` are functions from the number of values in a row to the number of the input's pixels in a row.
    `rows` and `columns` are functions from a span of values to the span of the input's pixels, without those in a
    padding.
    """

    height: Callable[[int], int] = int
    width: Callable[[int], int] = int
    rows: Callable[[Span], Span] = _same
    columns: Callable[[Span], Span] = _same

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the rectangle that one value depends on."""
        return self.height(1), self.width(1)


@dataclass(frozen=True)
class Arguments:
    """The arguments with which a class of torch.nn is called, as plain data. `str` writes them as Python code."""

    positional: tuple[object, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        named = (f"{name}={value!r}" for name, value in self.named.items())
        return ", ".join([*map(repr, self.positional), *named])


def parameters(**defaults: object) -> Parameters:
    """Declare the parameters of a class or function of PyTorch, in its order, without device and dtype."""
    return defaults


@dataclass(frozen=True)
class Layer:
    """One layer, without its input. A subclass per kind describes everything that depends on the kind.

    Class variables: `word` starts the layer's notation, `title` is its name in menus, `example` is the notation of a
    usual layer of this kind, `torch_name` is its class in torch.nn, and `draws_weights` is True if a run's
    initialisation draws the initial weights (torch's own initial weights are used otherwise). `race_problem` says why a
    network with such a layer cannot be trained in a race; empty if it can. `also_called` are other names of the kind
    that people use. `torch_parameters` are those of the class, and `torch_functions` those of the functions that
    compute the same, without their input. `torch_fields` maps a parameter to the field that holds it if their names
    differ.

    Methods that take `input_shape` expect a shape that fits, unless they say otherwise. Constructing a layer with a
    field outside its limits raises ArchitectureError.
    """

    word: ClassVar[str]
    title: ClassVar[str]
    example: ClassVar[str]
    torch_name: ClassVar[str]
    draws_weights: ClassVar[bool] = False
    race_problem: ClassVar[str] = ""
    also_called: ClassVar[tuple[str, ...]] = ()
    torch_parameters: ClassVar[Parameters] = {}
    torch_functions: ClassVar[Mapping[str, Parameters]] = {}
    torch_fields: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        for name, limit in _declaration(type(self)).limits.items():
            value = getattr(self, name)
            limit.check(value)
            if isinstance(value, tuple):  # equal layers are equal values: a square pair is one number
                object.__setattr__(self, name, sides(*value))

    # Notation

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the layer written as `text`, such as "conv96k11s4", or None if it is of another kind.

        Raises ArchitectureError if it is of this kind and a number is missing, repeated or outside its limits.
        """
        declared = _declaration(cls)
        match = declared.pattern.fullmatch(text)
        if match is None:
            return None
        values: dict[str, Any] = {}
        if declared.first:
            values[declared.first.name] = _read_number(declared.first, match["first"])
        for letter, digits in declared.option.findall(match["options"]):
            if letter not in declared.lettered:
                raise cls._no_option(f"{letter}{digits}")
            one = declared.lettered[letter]
            if one.name in values:
                raise ArchitectureError(f"the {declared.limits[one.name].label} ({letter}) is given twice")
            values[one.name] = _read_number(one, digits)
        for letter, one in declared.lettered.items():
            if one.name not in values:
                values[one.name] = _unwritten(one, values)
            if values[one.name] is MISSING:
                needed = f"{declared.limits[one.name].label} ({letter})"
                raise ArchitectureError(f"{cls.title} needs its {needed}, as in {cls.example}")
        if match["flag"]:
            if match["flag"] not in declared.flags:
                raise cls._no_option(match["flag"])
            switched = declared.flags[match["flag"]]
            values[switched.name] = not switched.default
        return cls(**values)

    def __str__(self) -> str:
        """Return the layer's notation. Numbers equal to their default are left out."""
        declared, values = _declaration(type(self)), vars(self)
        first = _write_number(values[declared.first.name]) if declared.first else ""
        options = "".join(
            f"{letter}{_write_number(values[one.name])}"
            for letter, one in declared.lettered.items()
            if values[one.name] != _unwritten(one, values)
        )
        flags = "".join(word for word, one in declared.flags.items() if values[one.name] != one.default)
        return f"{self.word}{first}{options}{flags}"

    @classmethod
    def options_in_words(cls) -> str:
        """Return the options that may follow the word, such as "s (stride), p (padding)"; empty if there are none."""
        declared = _declaration(cls)
        limits = {letter: declared.limits[one.name] for letter, one in declared.lettered.items()}
        lettered = [
            f"{letter} ({limit.label}{f', or {limit.word}' * bool(limit.word)})" for letter, limit in limits.items()
        ]
        return ", ".join([*lettered, *(f"{word} (at the end)" for word in declared.flags)])

    @classmethod
    def _no_option(cls, option: str) -> ArchitectureError:
        options = cls.options_in_words() or "none"
        return ArchitectureError(
            f"{cls.title} has no option {option[:20]}; its options: {options}, as in {cls.example}"
        )

    # Menus and controls

    @classmethod
    def menu(cls) -> dict[str, str]:
        """Return the entries with which an "add a layer" menu offers this kind: notation to title."""
        return {cls.example: cls.title}

    @classmethod
    def limits(cls) -> dict[str, Limit]:
        """Return the limit of each numeric field by the field's name."""
        return dict(_declaration(cls).limits)

    @classmethod
    def labels(cls) -> dict[str, str]:
        """Return the name of each field in prose by the field's name."""
        limits = cls.limits()
        return {
            one.name: limits[one.name].label if one.name in limits else one.metadata["label"] for one in fields(cls)
        }

    @classmethod
    def slider_ends(cls) -> dict[str, int]:
        """Return the fields that suit a slider, each with the largest value in common use."""
        return {one.name: one.metadata["common"] for one in fields(cls) if one.metadata.get("common")}

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        """Return the values of each numeric field with which the layer fits while its other fields stay the same.

        The present value is always included, even if it does not fit. `input_shape` may be empty (unknown).
        """
        return self.limits()

    def side_bounds(self, input_shape: Shape) -> dict[str, tuple[Limit, Limit]]:
        """Return the values of height and width with which the layer fits, of each field that may have two numbers.

        As in `bounds`, the present value is always included, and `input_shape` may be empty (unknown).
        """
        return {name: (limit, limit) for name, limit in self.limits().items() if limit.has_sides}

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        """Return the values that a menu offers for the field, each with its label; empty if the field has no menu."""
        return {}

    # Shapes and counts

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output. Raises ShapeError with the correction if the layer does not fit."""
        return input_shape

    def weights(self, input_shape: Shape) -> int:
        """Return the number of trainable weights (for a normalisation: its scales)."""
        return 0

    def biases(self, input_shape: Shape) -> int:
        """Return the number of trainable biases (for a normalisation: its shifts)."""
        return 0

    def stored(self, input_shape: Shape) -> int:
        """Return the number of values that are part of the layer but not trained by gradients."""
        return 0

    def macs(self, input_shape: Shape) -> int:
        """Return the multiply-accumulates for one example: multiplications by a weight."""
        return 0

    def receptive_field(self, before: ReceptiveField | None, input_shape: Shape) -> ReceptiveField | None:
        """Return the receptive field of the layer's output values, given that of its input values.

        None stands for the whole input.
        """
        return before

    def needs_two_images(self, input_shape: Shape) -> bool:
        """Return True if the layer cannot be trained on a batch that holds one image."""
        return False

    # Formulas, in LaTeX; empty where the layer has no parameters or keeps the shape

    def parameter_symbols(self) -> str:
        """Return the formula of the parameters in symbols."""
        return ""

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        """Return the formula of the parameters with the layer's numbers."""
        return ""

    def shape_symbols(self) -> str:
        """Return the formula of the output's side in symbols."""
        return ""

    def shape_arithmetic(self, input_shape: Shape) -> str:
        """Return the formula of the output's side with the layer's numbers: one equation per differing side."""
        return ""

    # Drawing and PyTorch

    @property
    def drawn_label(self) -> str:
        """The label of the layer's block in the drawing; empty if the layer is not drawn."""
        return ""

    def torch_class(self, input_shape: Shape) -> str:
        """Return the name of the class in torch.nn that computes the layer. The shape need not fit."""
        return self.torch_name

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        """Return the arguments that torch_class needs for this input. Values equal to torch's default are left out."""
        return Arguments()

    @classmethod
    def torch_calls(cls) -> dict[str, Parameters | None]:
        """Return the classes and functions of PyTorch that are read as this kind, each with its parameters.

        None stands for parameters that do not matter.
        """
        return {cls.torch_name: cls.torch_parameters, **cls.torch_functions}

    @classmethod
    def from_torch(cls, name: str, arguments: Mapping[str, object]) -> Self:
        """Return the layer that PyTorch builds with these arguments: the inverse of `torch_arguments`.

        `name` is one of `torch_calls`, and `arguments` has a value for each of its parameters. What follows from the
        input, such as in_channels, is not used. Raises ArchitectureError if the layer cannot be expressed.
        """
        declared = {one.name: one for one in fields(cls)}
        defaults = cls.torch_calls()[name] or {}
        values = {}
        for parameter, value in arguments.items():
            target = cls.torch_fields.get(parameter, parameter)
            if target in declared:
                values[target] = _from_python(parameter, value, declared[target])
            elif parameter not in NO_EFFECT and value != defaults[parameter] is not REQUIRED:
                raise ArchitectureError(f"{name} with {parameter}={str(value)[:20]} is not known here")
        return cls(**values)

    def with_activation(self, name: str) -> "Layer":
        """Return the layer with its activation replaced by the one of this name, if it has any."""
        return self


def _from_python(parameter: str, value: object, declared: "Field[Any]") -> Any:
    """Return an argument of a call as the value of a field. PyTorch takes (3,) for 3, and 1 for True or 1.0."""
    limit = declared.metadata.get("limit")
    if limit and limit.has_sides and isinstance(value, tuple):
        value = value[0] if len(value) == 1 else value
        limit.check(value)
        return value
    if limit and limit.word and value == limit.word:
        return value
    if not isinstance(value, int | float):
        raise ArchitectureError(f"{parameter} cannot be {str(value)[:20]}")
    return declared.type(value) if declared.type in (float, bool) else value


def not_default(layer: Layer, **defaults: object) -> dict[str, object]:
    """Return the named fields of the layer that differ from these defaults of torch.nn."""
    values = {name: getattr(layer, name) for name in defaults}
    return {name: value for name, value in values.items() if value != defaults[name]}


def image_shape(layer: Layer, input_shape: Shape) -> tuple[int, int, int]:
    """Return channels, height and width of a layer's input. Raises ShapeError if a flatten comes before it."""
    if len(input_shape) != 3:
        raise ShapeError(
            f"{layer.title} needs channels, height and width, but a flatten comes before it: move it before the flatten"
        )
    channels, height, width = input_shape
    return channels, height, width


@dataclass(frozen=True)
class _Declaration:
    """The fields of a kind by how they are written: the number after the word, numbers with a letter, and flags."""

    first: "Field[Any] | None"
    lettered: dict[str, "Field[Any]"]
    flags: dict[str, "Field[Any]"]
    limits: dict[str, Limit]
    option: re.Pattern[str]
    pattern: re.Pattern[str]


def _declare(kind: type[Layer]) -> _Declaration:
    numbers = {one.metadata["letter"]: one for one in fields(kind) if "letter" in one.metadata}
    limits = {one.name: one.metadata["limit"] for one in fields(kind) if "limit" in one.metadata}
    first = numbers.pop("", None)
    several = "(?:x[0-9.]+)?" if first and limits[first.name].has_sides else ""
    words = "".join(
        f"|(?<={letter}){limits[one.name].word}" for letter, one in numbers.items() if limits[one.name].word
    )
    value = f"[0-9]+(?:x[0-9]+)?{words}"
    return _Declaration(
        first,
        numbers,
        {one.metadata["flag"]: one for one in fields(kind) if "flag" in one.metadata},
        limits,
        re.compile(f"([a-z])({value})"),
        re.compile(
            f"{kind.word}{f'(?P<first>[0-9.]+{several})' if first else ''}(?P<options>(?:[a-z](?:{value}))*)"
            f"(?P<flag>{'[a-z]*' if fields(kind) else ''})"
        ),
    )


# mypy takes a class whose instances have a __hash__ method for unhashable.
_declaration = cast("Callable[[type[Layer]], _Declaration]", cache(_declare))


def _unwritten(declared: "Field[Any]", values: dict[str, Any]) -> Any:
    """Return the value of a field that is not written, or MISSING if it has to be."""
    same_as = declared.metadata["same_as"]
    return values.get(same_as, MISSING) if same_as else declared.default


def _read_number(declared: "Field[Any]", digits: str) -> Any:
    """Return the number, the pair of numbers or the word that is written. One too long for any limit is cut, and then
    refused as too large."""
    limit: Limit = declared.metadata["limit"]
    if digits == limit.word:
        return digits
    if "x" in digits:
        if not limit.has_sides:
            raise ArchitectureError(f"{limit.label} is one number, not {digits[:20]}")
        height, width = (_read_number(declared, one) for one in digits.split("x"))
        return height, width
    if declared.type is not float and "." in digits:
        raise ArchitectureError(f"{digits[:20]} is not a whole number")
    try:
        return float(digits) if declared.type is float else int(digits[:15])
    except ValueError:
        raise ArchitectureError(f"{digits[:20]} is not a number") from None


def _write_number(value: Any) -> str:
    match value:
        case (height, width):
            return f"{height}x{width}"
        case float():
            return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)
