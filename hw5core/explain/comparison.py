"""Two networks side by side: only what differs, layer by layer, and the totals with their ratio."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from hw5core.network.counting import Count, LayerCount


@dataclass(frozen=True)
class Pair:
    """A layer of the first network and the one that stands in its place in the second; None where there is none."""

    first: LayerCount | None
    second: LayerCount | None


@dataclass(frozen=True)
class Total:
    """One figure of both networks."""

    label: str
    first: int
    second: int

    @property
    def ratio(self) -> float | None:
        """How many times the first the second is; None where the first is nothing."""
        return self.second / self.first if self.first else None


def differing_layers(first: Count, second: Count) -> list[Pair]:
    """The layers that are not the same in both, or that are but count differently because their input changed.

    Layers are matched by how they are written, so that one put in or left out does not make all that follow differ.
    """
    return [pair for pair in _pairs(first, second) if _differ(pair)]


def totals(first: Count, second: Count) -> list[Total]:
    """Parameters, MACs and output values of both."""
    return [
        Total("parameters", first.parameters, second.parameters),
        Total("MACs", first.macs, second.macs),
        Total("output values", first.activations, second.activations),
    ]


def _pairs(first: Count, second: Count) -> list[Pair]:
    words = [[str(row.layer) for row in counted.rows] for counted in (first, second)]
    blocks = SequenceMatcher(a=words[0], b=words[1], autojunk=False).get_opcodes()
    return [
        Pair(one, other)
        for _, begin, end, other_begin, other_end in blocks
        for one, other in zip_longest(first.rows[begin:end], second.rows[other_begin:other_end])
    ]


def _differ(pair: Pair) -> bool:
    return _facts(pair.first) != _facts(pair.second)


def _facts(row: LayerCount | None) -> tuple[object, ...] | None:
    return (row.layer, row.output_shape, row.parameters, row.macs) if row else None
