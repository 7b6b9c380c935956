"""Pasted text, one answer per line: its label, its arithmetic and its result."""

import re
from dataclasses import dataclass

from hw5core.errors import PastedTextError
from hw5core.homework.answers.arithmetic import UnreadableError, is_number, value_of
from hw5core.homework.answers.matching import kind_words, position_in

MAX_CHARACTERS = 20_000
MAX_LINES = 400
MAX_LINE = 300
"""The largest number of characters in a line."""

_WORD = r"(?:[^\W\d_]+(?:[0-9]d)?(?:[-_.]?[0-9]{1,3}(?![0-9]|\s*[*×·⋅+/(^]))?(?:[._][^\W\d_]+[0-9]*|[._][0-9]+\b)*)"
_ORDINAL = r"(?:[0-9]{1,2}(?:st|nd|rd|th)\b)"
_WORDS = re.compile(rf"\s*(?:(?:{_WORD}|{_ORDINAL})[ \t]*)+")
_NUMBER_AFTER = re.compile(r"(?:#|no\.?)?\s*([0-9]{1,2})(?=\s*[-–—:=.)]|\s+[\w(])(?=.*[0-9])")
_TAKES_A_NUMBER = re.compile(
    rf"(?:layer|number|no|conv\w*|{'|'.join(map(re.escape, kind_words()))})\s*#?$", re.IGNORECASE
)
_LISTED = re.compile(r"\s*[(#]?([0-9]{1,2})(?:[.):]+\s+|\s+[-–—]\s+)(?=[\w(].*)")
_ATTACHED = re.compile(r"[0-9]+(?:[^\W\d_xX]|[xX](?![\s0-9(]))[^\W\d_]*")
_TRAILING = " \t.,;:-–—=|~≈→>"


@dataclass(frozen=True)
class WrittenLine:
    """One answer of the text: where it stands, what names its layer (may be empty), and its numbers.

    `given` is the result. `arithmetic` is what the arithmetic gives, or None if the line has only a number.
    """

    number: int
    label: str
    given: int
    arithmetic: int | None = None


@dataclass(frozen=True)
class Unread:
    """A line that cannot be read, counted from 1, and why."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"Line {self.number}: {self.reason}"


def read_lines(text: str, layers: int) -> tuple[list[WrittenLine], list[Unread]]:
    """Return the answers of a text, and the lines that have digits but cannot be read.

    `layers` is the number of layers of the network: a larger number in front is no layer's. Raises PastedTextError
    if the text is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise PastedTextError(f"the text has more than {MAX_CHARACTERS:,} characters: paste only the answers")
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise PastedTextError(f"the text has more than {MAX_LINES} lines: paste only the answers")
    written, unread = [], []
    for number, line in enumerate(lines, start=1):
        try:
            if found := _read(number, line, layers):
                written.append(found)
        except UnreadableError as error:
            unread.append(Unread(number, str(error)))
    return written, unread


def _read(number: int, line: str, layers: int) -> WrittenLine | None:
    """Return the answer of a line, or None if it has no numbers after its label."""
    if len(line) > MAX_LINE:
        raise UnreadableError(f"it has more than {MAX_LINE} characters: write one answer per line")
    label, rest = _label_and_rest(_plain(line), layers)
    parts = [part for piece in re.split(r"[=≈→|]", rest) if re.search("[0-9]", part := _without_words(piece))]
    if not parts:
        return None
    values = [value_of(part) for part in parts]
    results = [value for part, value in zip(parts, values, strict=True) if is_number(part)]
    sums = [value for part, value in zip(parts, values, strict=True) if not is_number(part)]
    given = results[-1] if results else values[-1]
    # Of several steps of arithmetic, the one that differs is the interesting one.
    arithmetic = next((value for value in sums if value != given), sums[0] if sums else None)
    return WrittenLine(number, label, given, arithmetic)


def _plain(line: str) -> str:
    """Return the line without what carries no number: LaTeX, Markdown, shapes in brackets, and Keras's classes."""
    line = re.sub(r"\\(?:cdot|times)\b\s*", "*", re.sub(r"\\[()]", " ", line))
    line = line.replace("{,}", ",").replace("²", "^2").replace("³", "^3")
    line = re.sub(r"\[[^\[\]]*\]|\((?:None|-1),[^()]*\)|\([^\W\d_]+[0-9]D\)", " ", line)
    return re.sub(r"[$`\\]|^\s*[-*•+]\s+(?=\S)", " ", line)


def _label_and_rest(line: str, layers: int) -> tuple[str, str]:
    """Split a line into the words that name its layer, and its numbers."""
    if "|" in line or "\t" in line:
        return _cells(line)
    listed = _LISTED.match(line)
    if listed and 1 <= int(listed[1]) <= layers:
        label, rest = _label_and_rest(line[listed.end() :], layers)
        return label or f"layer {listed[1]}", rest
    before, colon, after = line.partition(":")
    if colon and re.search("[0-9]", after):
        return before.strip(), after.strip(_TRAILING)
    words = _WORDS.match(line)
    if not words:
        return "", line.strip(_TRAILING)
    label, rest = words[0].strip(), line[words.end() :]
    following = _NUMBER_AFTER.match(rest)
    is_open = _TAKES_A_NUMBER.search(label) and position_in(label) is None  # "fourth layer 1 327 488" names its layer
    if following and is_open and 1 <= int(following[1]) <= layers:
        label, rest = f"{label} {following[1]}", rest[following.end() :]
    return label, rest.strip(_TRAILING)


def _cells(line: str) -> tuple[str, str]:
    """Split a row of a table: its first cell names the layer, and the cells with only numbers are the answer."""
    first, *others = (cell.strip() for cell in re.split(r"[|\t]", line.strip(" \t|")))
    numeric = [cell for cell in others if re.search("[0-9]", cell) and not re.search(r"[^\W\d_xX]", cell)]
    if not numeric:
        return "", first
    return (f"layer {first}" if first.isdigit() else first), "|".join(numeric)


def _without_words(piece: str) -> str:
    """Return the arithmetic of a piece of a line. Raises UnreadableError for a number with letters, such as 35k."""
    piece = re.sub(r"\([^()0-9]*\)", " ", piece)
    piece = re.sub(r"[^\W\d_]{2,}[0-9]d\b", "\t", piece)  # Conv2d
    if attached := _ATTACHED.search(piece):
        raise UnreadableError(f"“{attached[0][:20]}” is not a whole number: write all its digits")
    # A word is no thousands separator: a tab stands for it, and no number contains one.
    piece = re.sub(r"[^\W\d_]{2,}|(?<![\s0-9)])[^\W\d_]|[^\W\d_](?![\s0-9(])", "\t", piece)
    return piece.strip(_TRAILING)
