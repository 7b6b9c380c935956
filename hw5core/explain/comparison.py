"""Compares two networks: the layers that differ, and the totals with their ratio."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from hw5core.network.counting import Count, LayerCount


@dataclass(frozen=True)
class Pair:
    """A layer of the first network and its counterpart in the second; None if there is no counterpart."""

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
        """The second figure divided by the first; None if the first is 0."""
        return self.second / self.first if self.first else None


def differing_layers(first: Count, second: Count) -> list[Pair]:
    """Return the layers that differ, or that count differently because their input changed.

    Layers are matched by their notation, so that an inserted layer does not make all later layers differ.
    """
    return [pair for pair in _pairs(first, second) if _facts(pair.first) != _facts(pair.second)]


def totals(first: Count, second: Count) -> list[Total]:
    """Return parameters, MACs and output values of both networks."""
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
        for _, start, end, other_start, other_end in blocks
        for one, other in zip_longest(first.rows[start:end], second.rows[other_start:other_end])
    ]


def _facts(row: LayerCount | None) -> tuple[object, ...] | None:
    return (row.layer, row.output_shape, row.parameters, row.macs) if row else None
