"""What was read from pasted text: layers with their places in the text, problems, and the edits that correct them."""

from dataclasses import dataclass
from functools import cached_property

from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import Count, count
from hw5core.network.notation import parse
from hw5core.pasted.source import Span, tidy

InputShape = tuple[int, int, int]


@dataclass(frozen=True)
class Fix:
    """An edit of the text: the span is replaced. `label` says what the edit does, as on a button."""

    span: Span
    replacement: str
    label: str


@dataclass(frozen=True)
class Problem:
    """Something in a line that is wrong or not understood. `text` continues the words "Line 9, ".

    `span` is the part of the text that is wrong. `fitting_input` is an input with which there is no such problem.
    """

    line: int
    text: str
    span: Span | None = None
    fix: Fix | None = None
    fitting_input: InputShape | None = None

    def __str__(self) -> str:
        return f"Line {self.line}, {self.text}"


@dataclass(frozen=True)
class ReadLayer:
    """A layer of the program: its line, its name there (conv1, or F.relu), and our layer.

    `span` is the call that makes or applies it. `shared` is True if it was used before: it has the same parameters.
    """

    layer: Layer
    line: int
    name: str
    span: Span | None = None
    shared: bool = False


@dataclass(frozen=True)
class Reading:
    """What a program says. `layers` are those before the first problem.

    `input_origin` says where the input shape comes from. `ignored` are the lines of statements that say nothing about
    the network.
    """

    text: str
    library: str
    input_shape: InputShape
    input_origin: str
    layers: tuple[ReadLayer, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    ignored: tuple[int, ...] = ()

    @cached_property
    def network(self) -> Architecture:
        """The layers before the first problem."""
        return Architecture(self.input_shape, tuple(read.layer for read in self.layers))

    @cached_property
    def count(self) -> Count:
        return count(self.network)

    @property
    def parameters(self) -> int:
        """The parameters before the first problem. Those of a layer that is used twice count once, as in PyTorch."""
        return sum(row.parameters for read, row in zip(self.layers, self.count.rows, strict=False) if not read.shared)


def apply_fix(text: str, fix: Fix) -> str:
    """Return the text with the span of the fix replaced. A span outside the text changes nothing."""
    lines = tidy(text).split("\n")
    span = fix.span
    if not (1 <= span.line <= span.end_line <= len(lines)):
        return text
    before, after = lines[span.line - 1][: span.column], lines[span.end_line - 1][span.end_column :]
    return "\n".join(
        [*lines[: span.line - 1], *(before + fix.replacement + after).split("\n"), *lines[span.end_line :]]
    )


def shape_in_words(shape: Shape) -> str:
    """Return a shape as in "1x28x28"."""
    return "x".join(map(str, shape))


def read_input(text: str) -> InputShape:
    """Return the input that a text such as "1x28x28" writes. Raises ArchitectureError."""
    # Without spaces, a layer after the input is refused.
    return parse("".join(text.split())).input_shape
