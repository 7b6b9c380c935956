"""Variants of a network for question 1: other numbers, but equally difficult.

A student's name or number is hashed to the number of a variant, so the same student always gets the same network. The
name itself is not needed afterwards. Nothing here depends on Python's own random numbers, so every version of Python
and every process gives the same variants.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.homework.answers.mistakes import MISTAKES, Question
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import Count, count, count_fitting
from hw5core.network.layers import Conv, ConvTranspose, Linear

VARIANTS = 1_000
"""The number of variants of a network. Two given students have the same one with a probability of one in a thousand."""

MAX_NAME = 200
_CODE = re.compile(r"v[0-9]{3}")
_LIKE_A_CODE = re.compile(r"v[0-9]{1,4}")
"""A code, or one with a digit too many or too few. Numbers of students that begin with a v are longer."""

_TRIED_LAYERS = 2_000
"""The largest number of layers that are drawn for one variant, in all attempts together."""

_SIZES = 32
"""About how many numbers of channels a layer can have, between its own and the double."""


Draw = Callable[[Sequence[Any]], Any]
"""Chooses one of some values."""


def variant_number(name: str) -> int:
    """Return the number of the variant for a student's name or number, or for the code of a variant.

    Capitals, outer spaces and the spelling of accents make no difference. Raises ArchitectureError if the name is
    empty, too long or a mistyped code.
    """
    if len(name) > MAX_NAME:
        raise ArchitectureError(f"the name for a variant has at most {MAX_NAME} characters")
    spelled = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if not spelled:
        raise ArchitectureError("a variant needs a name or a number, such as that of the student")
    if _CODE.fullmatch(spelled):
        return int(spelled[1:])
    if _LIKE_A_CODE.fullmatch(spelled):
        raise ArchitectureError(
            f"“{spelled}” is no code of a variant: the codes are {code_of(0)} to {code_of(VARIANTS - 1)}"
        )
    return _hashed(f"student {spelled}") % VARIANTS


def code_of(number: int) -> str:
    """Return the code of a variant, such as "v042". It can be given in the place of a name."""
    return f"v{number:03d}"


def variant(architecture: Architecture, number: int) -> Count:
    """Return the counts of a variant of this network.

    It has the same kinds of layers with the same strides and groups. Each layer has as many digits in its number of
    parameters, and the same common mistakes give a wrong number. Raises ArchitectureError if no such network is found.
    """
    if not any(row.parameters for row in _base(architecture).rows):
        raise ArchitectureError("it has no variants: the network has no layer with parameters")
    found = _found(architecture, number)
    if found is None:
        raise ArchitectureError(
            "it has no variants: no other numbers give answers with as many digits. Try larger layers"
        )
    return found


@lru_cache(maxsize=VARIANTS)
def _found(architecture: Architecture, number: int) -> Count | None:
    """Return the counts of a variant, None if no attempt gives one. A page asks again for what has failed."""
    base = _base(architecture)
    for attempt in range(_TRIED_LAYERS // max(1, len(base.rows))):
        varied = _varied(base, _draws(f"{architecture} {number} {attempt}"))
        if varied is None or varied == architecture:
            continue
        counted = count(varied)
        if _is_as_difficult(counted, base):
            return counted
    return None


@lru_cache(maxsize=4)
def _base(architecture: Architecture) -> Count:
    return count_fitting(architecture)


@lru_cache(maxsize=4)
def _base_traps(architecture: Architecture) -> list[frozenset[str]]:
    return _traps(_base(architecture))


def _hashed(text: str) -> int:
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _draws(seed: str) -> Draw:
    """Return a function that chooses by the hash of the seed and of how often it has chosen before."""
    chosen = 0

    def draw(options: Sequence[Any]) -> Any:
        nonlocal chosen
        chosen += 1
        return options[_hashed(f"{seed} {chosen}") % len(options)]

    return draw


def _varied(base: Count, draw: Draw) -> Architecture | None:
    """Return a network with other numbers, or None if a layer finds none with which it fits and has as many digits."""
    channels, height, width = base.architecture.input_shape
    first = _varied_side(height, draw)
    input_shape = (channels, first, first if width == height else _varied_side(width, draw))
    last = max((row.number for row in base.rows if isinstance(row.layer, Linear)), default=0)
    shape: Shape = input_shape
    layers: list[Layer] = []
    for row in base.rows:
        # The last linear layer has an output for each class, which is no free choice.
        keeps_channels = row.input_shape[0] == row.output_shape[0]
        options = [row.layer] if row.number == last else _other_layers(row.layer, shape[0] if keeps_channels else None)
        fitting = [one for one in options if _digits_of(one, shape) == len(str(row.parameters))]
        if not fitting:
            return None
        layers.append(draw(fitting))
        try:
            shape = layers[-1].output_shape(shape)
        except ShapeError:
            return None
    return Architecture(input_shape, tuple(layers))


def _varied_side(side: int, draw: Draw) -> int:
    """Return a side of the input up to a tenth larger or smaller."""
    step = 4 if side >= 100 else 1
    most = side // 10 // step
    return side + step * int(draw(range(-most, most + 1)))


@lru_cache(maxsize=200)
def _other_layers(layer: Layer, outputs: int | None) -> list[Layer]:
    """Return layers of the same kind with other channels or kernels, but the same stride, groups and kind of padding.

    With `outputs`, they have so many. A layer without such numbers stays as it is, like a transposed convolution.
    Raises TypeError for a kind of layer with weights that is not handled here.
    """
    match layer:
        case Conv(kernel_size=int(kernel), padding=int(padding)) if kernel > 1:
            kernels = [side for side in range(kernel - 2, kernel + 3, 2) if side > 1]
            # A padding that keeps the sides still does so.
            paddings = {side: side // 2 if padding == kernel // 2 else padding for side in kernels}
            return [
                replace(layer, out_channels=channels, kernel_size=side, padding=paddings[side])
                for channels in _other_sizes(layer.out_channels, outputs, layer.groups)
                for side in kernels
            ]
        case Conv():
            sizes = _other_sizes(layer.out_channels, outputs, layer.groups)
            return [replace(layer, out_channels=size) for size in sizes]
        case Linear():
            return [replace(layer, out_features=size) for size in _other_sizes(layer.out_features, outputs)]
        case ConvTranspose():
            return [layer]  # other numbers would change the variants that students already have
        case _ if not layer.draws_weights:
            return [layer]
        case _:
            raise TypeError(f"the variants of {type(layer).__name__} are missing")


def _other_sizes(size: int, outputs: int | None, groups: int = 1) -> list[int]:
    """Return numbers of channels from half to double, as round as this one and divisible by the groups."""
    if outputs is not None:
        return [outputs]
    step = next((step for step in (32, 16, 10, 8, 4, 2) if size % step == 0 and size >= 3 * step), 1)
    step *= max(1, size // step // _SIZES)
    first = -(-size // 2 // step) * step
    return [other for other in range(first, 2 * size + 1, step) if other % groups == 0 and other > 1] or [size]


def _digits_of(layer: Layer, shape: Shape) -> int:
    """Return the number of digits in the parameters of the layer."""
    return len(str(layer.weights(shape) + layer.biases(shape)))


def _is_as_difficult(counted: Count, base: Count) -> bool:
    """Return True if answers have as many digits, are as different, and fall for the same mistakes."""
    if counted.misfit or len(str(counted.parameters)) != len(str(base.parameters)):
        return False
    return _different_answers(counted) >= _different_answers(base) and _traps(counted) == _base_traps(base.architecture)


def _different_answers(counted: Count) -> int:
    return len({row.parameters for row in counted.rows})


def _traps(counted: Count) -> list[frozenset[str]]:
    """Return, for each layer with parameters, the codes of the mistakes that give a wrong number there."""
    questions = [Question(counted, row) for row in counted.rows if row.parameters]
    return [
        frozenset(
            code for code, mistake in MISTAKES.items() if any(one.value != question.right for one in mistake(question))
        )
        for question in questions
    ]
