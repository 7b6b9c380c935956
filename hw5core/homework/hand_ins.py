"""What the class sees of a student's answers: which mistakes were made in which layers, without the student.

A hand-in is stored as a short text of numbers and codes. It has no words of the student. With a variant of the network,
it has no numbers either: with the names of the class, the numbers would show whose variant it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from hw5core.homework.answers.check import CheckedSheet
from hw5core.network.architecture import Architecture

MAX_MISTAKES = 20
"""The number of mistakes that are kept of one hand-in, the first ones of the sheet."""

TOTAL = "Total"

_MAX_DIGITS = 18
_LINE = re.compile(rf"([a-z-]{{1,40}}) ([\w-]{{1,40}}) ([0-9]{{1,{_MAX_DIGITS}}}|-)")
_FIRST = re.compile(r"([0-9]{1,3}) of ([0-9]{1,3}), hints ([0-9]{1,3})")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer: its most likely mistake, the layer, and the number; None if the number is not shown."""

    code: str
    layer: str
    given: int | None


@dataclass(frozen=True)
class HandIn:
    """The checked answers of one student: how many layers are right, the hints used before, and the mistakes."""

    right: int
    layers: int
    hints: int
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class ClassMistakes:
    """The hand-ins of a class: how many there are, how many have no mistake, the hints, and the answers by mistake.

    `answers` has the answers of each code, that of most answers first: how often each layer has each number.
    """

    hand_ins: int = 0
    all_right: int = 0
    hints: int = 0
    answers: Mapping[str, Counter[tuple[str, int | None]]] = field(default_factory=dict)


def class_key(network: Architecture) -> str:
    """Return the key under which the store keeps the hand-ins for this network and its variants."""
    return f"check {sha256(str(network).encode()).hexdigest()[:32]}"


def hand_in_text(sheet: CheckedSheet, hints: int, is_variant: bool) -> str:
    """Return the checked answers as they are stored; `read_hand_in` reads them back."""
    right = sum(bool(line.correct) for line in sheet.lines)
    lines = [f"{right} of {len(sheet.lines)}, hints {min(hints, 999)}"]
    for answer in (*sheet.lines, sheet.total):
        if answer.explanations and answer.given is not None:
            is_shown = not is_variant and len(str(answer.given)) <= _MAX_DIGITS
            given = str(answer.given) if is_shown else "-"
            lines.append(f"{answer.explanations[0].code} {answer.layer or TOTAL} {given}")
    return "\n".join(lines[: 1 + MAX_MISTAKES])


@lru_cache(maxsize=4_000)
def read_hand_in(text: str) -> HandIn | None:
    """Return the hand-in of a stored text, None if it is not one."""
    first, *lines = text.split("\n")
    start, found = _FIRST.fullmatch(first), [_LINE.fullmatch(line) for line in lines]
    if not start or not all(found):
        return None
    mistakes = (Mistake(one[1], one[2], None if one[3] == "-" else int(one[3])) for one in found if one)
    return HandIn(int(start[1]), int(start[2]), int(start[3]), tuple(mistakes))


def class_mistakes(texts: Iterable[str]) -> ClassMistakes:
    """Return the mistakes in the stored texts of a class."""
    hand_ins = [one for text in texts if (one := read_hand_in(text))]
    answers: dict[str, Counter[tuple[str, int | None]]] = {}
    for hand_in in hand_ins:
        for mistake in hand_in.mistakes:
            answers.setdefault(mistake.code, Counter())[mistake.layer, mistake.given] += 1
    return ClassMistakes(
        len(hand_ins),
        sum(one.right == one.layers and not one.mistakes for one in hand_ins),
        sum(one.hints for one in hand_ins),
        dict(sorted(answers.items(), key=lambda item: (-item[1].total(), item[0]))),
    )
