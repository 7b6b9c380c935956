"""Reads the table that torchsummary, torchinfo or Keras prints for a network, and compares it with a count."""

import re
from dataclasses import dataclass
from functools import cached_property

from hw5core.errors import PastedTextError
from hw5core.network.base_layer import Shape
from hw5core.network.counting import Count, LayerCount
from hw5core.pasted.source import measured

_MAX_ROWS = 400
_MAX_DIGITS = 15
_BOXES = str.maketrans(dict.fromkeys("│┃|├└─┤", " "))

_ROW = re.compile(
    r"\s*(?P<name>\S.{0,90}?)\s+"
    r"[\[(](?P<shape>\s*(?:None|-?\d{1,9})(?:\s*,\s*(?:None|\d{1,9})){0,4}\s*,?\s*)[\])]\s*"
    r"(?P<parameters>[\d,]{1,20}|--|\(recursive\))?(?:\s.{0,200})?"
)
_TOTAL = re.compile(r"\s*Total params: +(?P<total>[\d,]{1,20})")

_KERAS_CLASSES = {
    "activation": "activation",
    "averagepooling": "avgpool",
    "batchnormalization": "batchnorm",
    "conv": "conv",
    "dense": "linear",
    "globalaveragepooling": "adaptiveavgpool",
    "maxpooling": "maxpool",
}

_SKIPPED, _SKIPPED_WITH_PARAMETERS, _DIFFERENT = 4, 12, 7
"""The costs of leaving out a row, and of comparing rows with different numbers. The cheapest comparison is shown."""


@dataclass(frozen=True)
class TableRow:
    """One row of a table: the layer's name and class, the shape of one example (channels first), the parameters."""

    name: str
    kind: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class SummaryTable:
    """A table: which tool printed it, its rows without those that only contain others, and the total that it prints."""

    tool: str
    rows: tuple[TableRow, ...]
    total: int | None


@dataclass(frozen=True)
class ComparedRow:
    """A row of the table next to the layer that it seems to describe; one of them is None if the other lacks it."""

    theirs: TableRow | None
    ours: LayerCount | None

    @property
    def name(self) -> str:
        return self.theirs.name if self.theirs else self.ours.name if self.ours else ""

    @cached_property
    def difference(self) -> str:
        """How they differ, in words; empty if they agree, or if only a layer without parameters is missing."""
        if self.theirs is None or self.ours is None:
            one = self.theirs or self.ours
            return f"{one.parameters:,} parameters only here" if one and one.parameters else ""
        words = []
        if more := self.theirs.parameters - self.ours.parameters:
            words.append(f"{more:+,} parameters in the table")
        if self.theirs.output_shape != self.ours.output_shape:
            words.append("another output shape")
        return ", ".join(words)


def is_summary_table(text: str) -> bool:
    """Return True if the text is the table of a summary tool, and no program."""
    return "Param #" in text[:4_000] and "Layer (type" in text[:4_000]


def read_table(text: str) -> SummaryTable:
    """Return the table in the text. Raises PastedTextError if it has no row with an output shape."""
    text = measured(text)
    tool = "torchinfo" if "depth-idx" in text else "torchsummary" if re.search(r"\[\s*-1\s*,", text) else "Keras"
    found: list[tuple[int, TableRow]] = []
    for line in text.split("\n"):
        match = _ROW.fullmatch(line.translate(_BOXES).rstrip())
        if match and len(found) < _MAX_ROWS:
            found.append((_depth(match["name"]), _row(match, tool)))
    deeper = [depth for depth, _ in found[1:]]
    rows = (
        tuple(row for (depth, row), after in zip(found, [*deeper, 0], strict=True) if after <= depth) if found else ()
    )
    if not rows:
        raise PastedTextError("the table has no row with a layer, its output shape and its parameters")
    total = next((_number(match["total"]) for line in text.split("\n") if (match := _TOTAL.match(line))), None)
    return SummaryTable(tool, rows, total)


def compare(table: SummaryTable, counted: Count) -> tuple[ComparedRow, ...]:
    """Return the rows of the table next to the layers, in order, so that as few as possible differ."""
    theirs, ours = table.rows, counted.rows
    # costs[i][j] is the lowest cost of comparing the rows from i on with the layers from j on.
    costs = [[0] * (len(ours) + 1) for _ in range(len(theirs) + 1)]
    for i in range(len(theirs), -1, -1):
        for j in range(len(ours), -1, -1):
            if i < len(theirs) or j < len(ours):
                costs[i][j] = min(cost for cost, _, _ in _steps(theirs, ours, i, j, costs))
    rows, i, j = [], 0, 0
    while i < len(theirs) or j < len(ours):
        _, after_i, after_j = min(_steps(theirs, ours, i, j, costs), key=lambda step: step[0])
        rows.append(ComparedRow(theirs[i] if after_i > i else None, ours[j] if after_j > j else None))
        i, j = after_i, after_j
    return tuple(rows)


def _steps(
    theirs: tuple[TableRow, ...], ours: tuple[LayerCount, ...], i: int, j: int, costs: list[list[int]]
) -> list[tuple[int, int, int]]:
    """Return the ways to go on at rows i and j: the cost up to the end, and the next i and j."""
    steps = []
    if i < len(theirs) and j < len(ours) and theirs[i].kind in _kinds(ours[j]):
        alike = theirs[i].parameters == ours[j].parameters and theirs[i].output_shape == ours[j].output_shape
        steps.append((costs[i + 1][j + 1] + (0 if alike else _DIFFERENT), i + 1, j + 1))
    if i < len(theirs):
        steps.append((costs[i + 1][j] + _skipped(theirs[i]), i + 1, j))
    if j < len(ours):
        steps.append((costs[i][j + 1] + _skipped(ours[j]), i, j + 1))
    return steps


def _skipped(row: TableRow | LayerCount) -> int:
    return _SKIPPED_WITH_PARAMETERS if row.parameters else _SKIPPED


def _kinds(row: LayerCount) -> tuple[str, ...]:
    """Return the classes that a layer may have in a table."""
    kind = _kind(row.name.rpartition("-")[0])
    return (kind, "activation") if not row.parameters and row.input_shape == row.output_shape else (kind,)


def _row(match: re.Match[str], tool: str) -> TableRow:
    name = " ".join(match["name"].split())
    sizes = [int(size) if size.strip("-").isdigit() else -1 for size in re.findall(r"None|-?\d+", match["shape"])]
    shape = tuple(sizes[1:])
    parameters = _number(match["parameters"] or "")
    inner = re.search(r"\((\w+)\)?$", name)
    written = inner[1] if inner else re.split(r"[-: (]", name)[0]
    kind = _kind(written)
    if tool == "Keras":
        # A long class continues in the next line.
        kind = next((ours for theirs, ours in _KERAS_CLASSES.items() if kind and theirs.startswith(kind)), kind)
        shape = (shape[2], *shape[:2]) if len(shape) == 3 else shape
        # Keras also counts the moving mean and variance, which are not trained.
        parameters //= 2 if kind == "batchnorm" else 1
    return TableRow(name, kind, shape, parameters)


def _kind(name: str) -> str:
    """Return a class without its dimension, in small letters: batchnorm for BatchNorm2d."""
    return re.sub(r"[123]d$", "", name.lower())


def _depth(name: str) -> int:
    """Return how deep torchinfo says that a layer is; the network itself is 0, and so are all rows of other tools."""
    match = re.search(r": (\d{1,3})-\d{1,5}$", name.strip())
    return int(match[1]) if match else 0


def _number(text: str) -> int:
    digits = text.replace(",", "")[:_MAX_DIGITS]
    return int(digits) if digits.isdecimal() and digits.isascii() else 0
