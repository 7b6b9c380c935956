"""How one value inside a network is computed, as numbers to be written out. Importing this module loads no torch."""

from dataclasses import dataclass
from enum import StrEnum

MAX_TERMS = 6
"""The most terms of a sum, or values of a window, that are written out."""


class Kind(StrEnum):
    """What a layer does to get one value: a weighted sum, the largest of some values, a function of one value, or
    something that is not written out."""

    SUM = "sum"
    LARGEST = "largest"
    FUNCTION = "function"
    OTHER = "other"


@dataclass(frozen=True)
class Term:
    """An input value of a layer and its weight. `place` is its channel, row and column, or its number in a row, from 0.

    The weight is 1 if the layer has none there.
    """

    place: tuple[int, ...]
    value: float
    weight: float

    @property
    def product(self) -> float:
        return self.value * self.weight


@dataclass(frozen=True)
class Step:
    """One layer's computation of one value, the output `value` of layer `name`.

    `terms` are those of the largest products of a sum, or the largest values of a window, or the one input of a
    function. `count` is the number of all terms. The sum of the products, `rest` (the other products) and `bias` is
    `value`, up to the rounding of float32.
    """

    name: str
    kind: Kind
    terms: tuple[Term, ...]
    count: int
    rest: float
    bias: float
    value: float


@dataclass(frozen=True)
class ValueTrace:
    """The steps that compute one value from the layer before: one, and the functions of it that follow, in order."""

    steps: tuple[Step, ...]
