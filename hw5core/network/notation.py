"""Reads the one-line form of a network.

    3x244x244 conv96k11s4 relu maxpool3s2 flatten linear1000

The terminal, the page's URL and a run's id all use this form. `str` of an Architecture or a Layer writes it.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import MAX_LAYERS, Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import KINDS
from hw5core.network.spelling import in_usual_spelling, nearest

MAX_TEXT = 4_000
"""The largest number of characters that `parse` reads."""

_Read = TypeVar("_Read")


def parse(text: str) -> Architecture:
    """Read the one-line form, also in other spellings. Raises ArchitectureError with the position of the wrong word and
    a correction."""
    if len(text) > MAX_TEXT:
        raise ArchitectureError(f"the network is written in at most {MAX_TEXT:,} characters, not {len(text):,}")
    words = in_usual_spelling(text).split()
    if not words:
        raise ArchitectureError("the network is empty: start with its input, as in 3x224x224")
    if len(words) - 1 > MAX_LAYERS:
        raise ArchitectureError(f"a network has at most {MAX_LAYERS} layers, not {len(words) - 1:,}")
    input_shape = _at(1, words[0], _read_input)
    layers = (_at(position, word, read_layer) for position, word in enumerate(words[1:], start=2))
    return Architecture(input_shape, tuple(layers))


def read_layer(word: str) -> Layer:
    """Return the layer written as this word, such as "conv96k11s4". Raises ArchitectureError."""
    layer = _read_known_layer(word)
    if layer is not None:
        return layer
    with_point = word.replace(",", ".")
    if _read_known_layer(with_point) is not None:
        raise ArchitectureError(f"write decimals with a point: {with_point}")
    examples = ", ".join(example for kind in KINDS for example in kind.menu())
    raise ArchitectureError(f"not a layer; {nearest(word) or f'layers are written {examples}'}")


def _read_known_layer(word: str) -> Layer | None:
    """Return the layer of the first kind that knows this word, or None."""
    return next((layer for kind in KINDS if (layer := kind.read(word)) is not None), None)


def _read_input(word: str) -> tuple[int, int, int]:
    sizes = word.split("x")
    if len(sizes) != 3 or not all(re.fullmatch(r"[0-9]+", size) for size in sizes):
        raise ArchitectureError("the first word is the input, channels x height x width, as in 3x224x224")
    # A size too long for any limit is cut, and then refused as too large.
    channels, height, width = (int(size[:15]) for size in sizes)
    return Architecture((channels, height, width)).input_shape


def _at(position: int, word: str, read: Callable[[str], _Read]) -> _Read:
    """Read the word; an ArchitectureError names its position, counted from 1."""
    try:
        return read(word)
    except ArchitectureError as error:
        shown = word if len(word) <= 30 else word[:30] + "…"
        raise ArchitectureError(f"word {position}, “{shown}”: {error}") from None
