"""Slips of the pen: how the digits of a number differ from those of the right one.

Each function returns a message, or "" if the slip does not explain the number.
"""

from collections.abc import Callable


def digit_changed(given: int, right: int) -> str:
    """Explain a number in which one digit is another one."""
    wrong = _differences(str(given), str(right))
    if len(wrong) != 1:
        return ""
    at, difference = wrong[0], given - right
    more = "more" if difference > 0 else "less"
    return (
        f"One digit is wrong: {_place(at, len(str(right)))} must be {str(right)[at]}, not {str(given)[at]}. {given:,} "
        f"is {abs(difference):,} {more} than {right:,}."
    )


def digit_dropped(given: int, right: int) -> str:
    """Explain a number in which one digit is missing."""
    text = str(right)
    for at in range(len(text)):
        if len(text) > 1 and int(text[:at] + text[at + 1 :]) == given:
            return f"One digit is missing: the {text[at]} at {_place(at, len(text))} of {right:,}."
    return ""


def digit_doubled(given: int, right: int) -> str:
    """Explain a number in which one digit is written twice."""
    text = str(right)
    for at in range(len(text)):
        if text[: at + 1] + text[at:] == str(given):
            return f"One digit is written twice: {given:,} has a {text[at]} too many; {right:,} is right."
    return ""


def digits_exchanged(given: int, right: int) -> str:
    """Explain a number in which two digits have each other's place."""
    one, other = str(given), str(right)
    wrong = _differences(one, other)
    if len(wrong) == 2 and one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]:
        return f"Two digits are exchanged: {one[wrong[0]]} and {one[wrong[1]]}. {right:,} is right, not {given:,}."
    return ""


SLIPS: dict[str, Callable[[int, int], str]] = {
    "digit-changed": digit_changed,
    "digits-exchanged": digits_exchanged,
    "digit-dropped": digit_dropped,
    "digit-doubled": digit_doubled,
}
"""Each slip by its code. A new slip is one more entry."""


def _differences(one: str, other: str) -> list[int]:
    """Return the places at which two texts of one length differ; none if the lengths differ."""
    if len(one) != len(other):
        return []
    return [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def _place(at: int, length: int) -> str:
    """Return the place of a digit in words."""
    return "the last digit" if at == length - 1 else "the first digit" if at == 0 else f"digit {at + 1}"
