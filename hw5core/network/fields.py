"""How a layer kind declares its fields: numbers with their limits, and flags.

The one-line form, the limits and the editor's controls follow from these declarations.
"""

from dataclasses import MISSING, dataclass, field, replace
from typing import Any

from hw5core.errors import ArchitectureError

Sides = int | tuple[int, int]
"""A number for both sides of an image: (height, width), or one number if both are equal."""

MAX_CHANNELS = 1_000_000
"""The largest number of channels or features of a layer."""


@dataclass(frozen=True)
class Limit:
    """The values a number may take, both ends included, and its name in prose. `step` divides every useful value.

    If it `has_sides`, the value may also be a pair (height, width) of such numbers. It may also be the `word`.
    """

    label: str
    lowest: int
    highest: int
    step: int = 1
    has_sides: bool = False
    word: str = ""

    def check(self, value: object) -> None:
        """Raise ArchitectureError if the value is not a whole number within the limit, a pair of them, or the word."""
        if self.word and value == self.word:
            return
        for one in value if self.has_sides and isinstance(value, tuple) and len(value) == 2 else (value,):
            if isinstance(one, bool) or not isinstance(one, int) or not self.lowest <= one <= self.highest:
                shown = f"{one:,}" if isinstance(one, int) and abs(one) < 10**15 else str(one)[:20]
                raise ArchitectureError(
                    f"{self.label} must be a whole number from {self.lowest:,} to {self.highest:,}, not {shown}"
                )

    def within(self, lowest: int, highest: int) -> "Limit":
        """Return the part of the limit from lowest to highest, at least one value."""
        low = min(max(lowest, self.lowest), self.highest)
        return replace(self, lowest=low, highest=max(low, min(highest, self.highest)))

    def including(self, value: object) -> "Limit":
        """Return the limit, widened if necessary so that it contains the value, if that is a number."""
        if not isinstance(value, int):
            return self
        return replace(self, lowest=min(self.lowest, value), highest=max(self.highest, value))


def pair(value: Sides) -> tuple[int, int]:
    """Return the number for the height and the number for the width."""
    return value if isinstance(value, tuple) else (value, value)


def sides(height: int, width: int) -> Sides:
    """Return both numbers as one value: a pair, or one number if they are equal."""
    return height if height == width else (height, width)


def in_prose(value: Sides | str, times: str = "x") -> str:
    """Return a value for both sides as text: "3", "3x5" or "same"."""
    return times.join(map(str, value)) if isinstance(value, tuple) else str(value)


def number(
    label: str,
    lowest: int,
    highest: int,
    letter: str = "",
    *,
    default: Any = MISSING,
    same_as: str = "",
    common: int | None = None,
    has_sides: bool = False,
    or_word: str = "",
) -> Any:
    """Declare a numeric field of a layer.

    `letter` introduces the number in the one-line form; the number without a letter follows the kind's word. A number
    that is not written takes its default, or the value of the field `same_as`. `common` is the largest value in common
    use; a field with it gets a slider that ends there. A field that `has_sides` may be a pair (height, width), written
    3x5. A field with `or_word` may also be that word.
    """
    limit = Limit(label, lowest, highest, has_sides=has_sides, word=or_word)
    declaration = {"limit": limit, "letter": letter, "same_as": same_as, "common": common}
    return field(default=default, metadata=declaration)


def flag(word: str, label: str, *, default: bool) -> Any:
    """Declare a boolean field. The word at the end of the one-line form means: not the default."""
    return field(default=default, metadata={"flag": word, "label": label})
