"""Which layer a line of a student's answer is about: by name, by ordinal, or by order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache

from hw5core.homework.answers.arithmetic import UnreadableError
from hw5core.network.base_layer import Layer
from hw5core.network.counting import LayerCount
from hw5core.network.layers import KINDS

_ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
)
_CARDINALS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
)
_POSITIONS = {word: at for words in (_ORDINALS, _CARDINALS) for at, word in enumerate(words, start=1)}
_TOTALS = {"total", "sum", "altogether", "overall", "together", "trainable"}
_OTHER = {"mb", "mib", "size", "input", "question", "exercise", "homework", "name", "student", "date", "nontrainable"}
_KERAS = re.compile(r"([a-z_]+(?:[1-3]d)?)_([0-9]{1,3})")
_NUMBERED = re.compile(r"(?:layer|number|no\.?)?\s*#?([0-9]{1,3})")
_LAYER_WORDS = {"layer", "number", "no", "nr"}
_ENDINGS = {"st", "nd", "rd", "th"}


class Special(Enum):
    """A line that is about no layer."""

    TOTAL = "total"
    OTHER = "other"


@dataclass(frozen=True)
class Asked:
    """A layer that a sheet may ask for. `in_code` is its name in the student's code, if there is any.

    `right` is the number of its parameters; 0 if it shares those of an earlier layer.
    """

    row: LayerCount
    in_code: str = ""
    shared: bool = False

    @cached_property
    def name(self) -> str:
        return self.row.name

    @cached_property
    def right(self) -> int:
        return 0 if self.shared else self.row.parameters


def spelled_out(labels: Sequence[str], asked: Sequence[Asked]) -> list[str]:
    """Return the labels as `find` reads them, where only all labels together show what a number means.

    Keras counts from 0: conv2d, conv2d_1. And if a sheet has a layer 9 but the network only 5 layers with parameters,
    its numbers are those of all layers, as in Conv2d-9.
    """
    labels = [label.lower().replace("batch_normalization", "batchnorm") for label in labels]
    of_keras = {found[1] for label in labels if (found := _KERAS.fullmatch(label)) and found[1] in labels}
    numbers = {int(found[1]) for label in labels if (found := _NUMBERED.fullmatch(label))}
    names = {one.row.number: one.name for one in asked if one.right}
    counts_all = bool(numbers) and max(numbers) > len(names) and numbers <= names.keys()
    spelled = []
    for label in labels:
        keras, numbered = _KERAS.fullmatch(label), _NUMBERED.fullmatch(label)
        if label in of_keras:
            spelled.append(f"{label} 1")
        elif keras and keras[1] in of_keras:
            spelled.append(f"{keras[1]} {int(keras[2]) + 1}")
        else:
            spelled.append(names[int(numbered[1])] if numbered and counts_all else label)
    return spelled


def find(label: str, asked: Sequence[Asked]) -> Asked | Special | None:
    """Return what the label names, or None if it names nothing and the order decides.

    Raises UnreadableError if it names a layer that the network does not have.
    """
    label = label.lower().replace("non-trainable", "nontrainable")
    words = re.findall(r"[^\W\d_]+", label)
    if not label.strip():
        return None
    compact = re.sub(r"\s+", "", label).removeprefix("self.")
    for one in asked:
        if compact in (one.name.lower(), one.in_code.lower()) or one.name.lower() in label.split():
            return one
    if _OTHER & set(words):
        return Special.OTHER
    if _TOTALS & set(words):
        return Special.TOTAL
    counted = [one for one in asked if one.right]
    named = _kinds_in(label, tuple(KINDS))
    position = position_in(label)
    if named:
        of_kind = [one for one in counted if set(named).intersection(_words_for(type(one.row.layer)))]
        if position is None:
            return of_kind[0] if len(of_kind) == 1 else None
        # fc6 of AlexNet is the sixth layer, but the first linear one.
        if position > len(of_kind) and position <= len(counted) and counted[position - 1] in of_kind:
            return counted[position - 1]
        return _at(position, of_kind, named[0])
    if position is not None and (_LAYER_WORDS & set(words) or _POSITIONS.keys() & set(words) or len(words) <= 1):
        return _at(position, counted, "layer")
    return None


def _at(position: int, layers: Sequence[Asked], kind: str) -> Asked:
    if position == -1 and layers:
        return layers[-1]
    if not 1 <= position <= len(layers):
        has = f"{len(layers)} with parameters" if layers else "none with parameters"
        raise UnreadableError(f"there is no {kind} {position}: the network has {has}")
    return layers[position - 1]


def position_in(label: str) -> int | None:
    """Return the position that a label gives in digits or words; -1 stands for the last; None if there is none."""
    for word in re.findall(r"[^\W\d_]+", label.lower()):
        if word in _POSITIONS:
            return _POSITIONS[word]
        if word == "last":
            return -1
    # Not the 2 of Conv2d, nor the sizes in brackets.
    number = re.search(r"(?<![0-9])[0-9]{1,3}(?![0-9]|d\b|d[-_])", re.sub(r"\(.*", "", label))
    return int(number[0]) if number else None


def _has(word: str, label: str) -> bool:
    return bool(re.search(rf"(?<![^\W\d_]){re.escape(word)}(?:s|al|[0-9]d)?(?![^\W\d_])", label))


@lru_cache(maxsize=500)
def _kinds_in(label: str, kinds: tuple[type[Layer], ...]) -> tuple[str, ...]:
    """Return the words for one of these kinds of layers in a label, the longest first. A class uses few labels."""
    return tuple(word for word in kind_words(kinds) if _has(word, label))


def kind_words(kinds: Sequence[type[Layer]] = KINDS) -> list[str]:
    """Return every word for these kinds of layers, the longest first."""
    words = dict.fromkeys(word for kind in kinds for word in _words_for(kind) if word)
    return sorted(words, key=len, reverse=True)


def _words_for(kind: type[Layer]) -> tuple[str, ...]:
    return (kind.word, kind.title.lower(), kind.torch_name.lower(), *kind.also_called)


def looks_like_a_layer(label: str) -> bool:
    """Return True if a label says that it names a layer, so that "Section 2" is no layer 2."""
    label = label.lower()
    words = set(re.findall(r"[^\W\d_]+", label))
    naming = _LAYER_WORDS | _POSITIONS.keys()
    if naming & words and words <= naming | {"the", "last"} | _ENDINGS:
        return True
    return label.strip().isdigit() or bool(_kinds_in(label, tuple(KINDS)))
