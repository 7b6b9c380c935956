"""Arithmetic as students write it: 256 × 384 · (3*3) + 384, with any thousands separators.

The text may be hostile. It is parsed here and never evaluated by Python. Its length, digits, signs and values are
bounded.
"""

import re
from fractions import Fraction

from hw5core.errors import LabError

MAX_DIGITS = 20
MAX_SIGNS = 60
"""The largest number of signs and brackets in the arithmetic of one line."""

MAX_VALUE = 10**40

_SPACES = " \u00a0\u2007\u2009\u202f"
_THOUSANDS = rf"[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+(?![0-9])"
_NUMBER = r"[0-9]+(?:[,.'’_][0-9]+)*"
_SIGNS = {
    **dict.fromkeys("*×·⋅∙•xX", "*"),
    **dict.fromkeys("/÷", "/"),
    **dict.fromkeys("-−–", "-"),
    **dict.fromkeys(("**", "^"), "^"),
    "+": "+",
    "(": "(",
    ")": ")",
}
_TOKEN = re.compile(rf"(?P<number>{_THOUSANDS}|{_NUMBER})|(?P<sign>\*\*|[-−–*×·⋅∙•xX/÷^+()])|(?P<other>\S)")


class UnreadableError(LabError):
    """Report arithmetic that cannot be read. The text continues the words "Line 3: "."""


def value_of(text: str) -> int:
    """Return the whole number that a number or arithmetic gives. Raises UnreadableError."""
    tokens = _tokens(text)
    value, end = _sum(tokens, 0)
    if end < len(tokens):
        shown = tokens[end]
        problem = "a bracket is closed but not opened" if shown == ")" else f"a sign is missing before {shown}"
        raise UnreadableError(problem)
    if value.denominator != 1:
        raise UnreadableError("the division does not give a whole number")
    return int(value)


def is_number(text: str) -> bool:
    """Return True if the text is one number and no arithmetic."""
    return bool(re.fullmatch(rf"\s*(?:{_THOUSANDS}|{_NUMBER})\s*", text))


def read_number(text: str) -> int:
    """Return a whole number, written with or without thousands separators. Raises UnreadableError."""
    groups = re.split(r"[^0-9]", text)
    separators = re.findall(r"[^0-9]", text)
    usual = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    if separators and not usual and separators[-1] in ".," and _is_decimal(groups, separators):
        if groups[-1].strip("0"):
            raise UnreadableError(f"{text} is not a whole number")
        groups = groups[:-1]
    digits = "".join(groups)
    if len(digits) > MAX_DIGITS:
        raise UnreadableError(f"a number has at most {MAX_DIGITS} digits here")
    return int(digits)


def _is_decimal(groups: list[str], separators: list[str]) -> bool:
    """Return True if the last separator is a decimal point or comma: it differs, or no thousands precede it."""
    return separators[-1] not in separators[:-1] and (len(separators) > 1 or groups[0] == "0" or len(groups[0]) > 3)


def _tokens(text: str) -> list[str]:
    """Return the numbers, as digits, and the signs, in one spelling each."""
    tokens: list[str] = []
    signs = 0
    for found in _TOKEN.finditer(text):
        if found["other"]:
            advice = ": write one answer per line" if found["other"] in ",;" else ""
            raise UnreadableError(f"“{found['other']}” is not understood here{advice}")
        if found["number"]:
            tokens.append(str(read_number(found["number"])))
            continue
        signs += 1
        if signs > MAX_SIGNS:
            raise UnreadableError(f"it has more than {MAX_SIGNS} signs and brackets")
        tokens.append(_SIGNS[found["sign"]])
    return tokens


def _sum(tokens: list[str], start: int) -> tuple[Fraction, int]:
    """Return the value of the sum that starts here, and where it ends."""
    value, at = _product(tokens, start)
    while at < len(tokens) and tokens[at] in "+-":
        term, after = _product(tokens, at + 1)
        value = _bounded(value + term if tokens[at] == "+" else value - term)
        at = after
    return value, at


def _product(tokens: list[str], start: int) -> tuple[Fraction, int]:
    value, at = _power(tokens, start)
    while at < len(tokens) and tokens[at] in "*/(":
        # A bracket right after a number or a bracket multiplies: 256(3*3).
        factor, after = _power(tokens, at if tokens[at] == "(" else at + 1)
        if tokens[at] == "/" and factor == 0:
            raise UnreadableError("it divides by 0")
        value = _bounded(value / factor if tokens[at] == "/" else value * factor)
        at = after
    return value, at


def _power(tokens: list[str], start: int) -> tuple[Fraction, int]:
    value, at = _atom(tokens, start)
    if at < len(tokens) and tokens[at] == "^":
        exponent, at = _atom(tokens, at + 1)
        if exponent not in (0, 1, 2, 3):
            raise UnreadableError("only the powers 0 to 3 are read")
        value = _bounded(value ** int(exponent))
    return value, at


def _atom(tokens: list[str], start: int) -> tuple[Fraction, int]:
    token = tokens[start] if start < len(tokens) else ""
    if token.isdigit():
        return Fraction(token), start + 1
    if token != "(":
        raise UnreadableError(f"a number is missing before {token}" if token else "a number is missing at the end")
    value, at = _sum(tokens, start + 1)
    if at >= len(tokens) or tokens[at] != ")":
        raise UnreadableError("a bracket is opened but not closed")
    return value, at + 1


def _bounded(value: Fraction) -> Fraction:
    if abs(value.numerator) > MAX_VALUE or value.denominator > MAX_VALUE:
        raise UnreadableError("the numbers are too large")
    return value
