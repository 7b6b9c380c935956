"""Edits of a network, each a pure function to a new one, and the history that undo walks back.

What an edit asks for may come from a browser: anything that is not a sensible request raises ArchitectureError.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.notation import read_layer

MAX_UNDO = 100
"""How many steps back are kept."""


def set_input(network: Architecture, axis: int, size: int) -> Architecture:
    """With another input size along one axis: 0 channels, 1 height, 2 width."""
    if axis not in (0, 1, 2):
        raise ArchitectureError("an input has channels, height and width, and nothing else")
    sizes = list(network.input_shape)
    sizes[axis] = size
    return replace(network, input_shape=(sizes[0], sizes[1], sizes[2]))


def set_field(network: Architecture, place: int, field: str, value: object) -> Architecture:
    """With one field of the layer at `place` (from 0) set anew."""
    layer = _layer(network, place)
    if field not in {declared.name for declared in fields(layer)}:
        raise ArchitectureError(f"this layer has no {field[:20]}")
    before = getattr(layer, field)
    if isinstance(before, float) and isinstance(value, int):
        value = float(value)
    if type(value) is not type(before):
        raise ArchitectureError(f"{field.replace('_', ' ')} cannot be {str(value)[:20]}")
    chosen: dict[str, Any] = {field: value}
    return _with_layers(network, place, place + 1, replace(layer, **chosen))


def insert(network: Architecture, place: int, word: str) -> Architecture:
    """With a layer, written as in the one-line form, put in before the one at `place`."""
    if not 0 <= place <= len(network.layers):
        raise ArchitectureError(f"there is no place {place}")
    return _with_layers(network, place, place, read_layer(word))


def remove(network: Architecture, place: int) -> Architecture:
    """Without the layer at `place`."""
    _layer(network, place)
    return _with_layers(network, place, place + 1)


def move(network: Architecture, place: int, by: int) -> Architecture:
    """With the layer at `place` moved by so many places, at most to either end."""
    layer = _layer(network, place)
    rest = remove(network, place)
    target = min(max(0, place + by), len(rest.layers))
    return _with_layers(rest, target, target, layer)


def _layer(network: Architecture, place: int) -> Layer:
    if not 0 <= place < len(network.layers):
        raise ArchitectureError(f"there is no layer {place + 1}")
    return network.layers[place]


def _with_layers(network: Architecture, begin: int, end: int, *layers: Layer) -> Architecture:
    return replace(network, layers=(*network.layers[:begin], *layers, *network.layers[end:]))


@dataclass(frozen=True)
class History:
    """The present network and those before it, oldest first."""

    present: Architecture
    past: tuple[Architecture, ...] = ()

    def after(self, network: Architecture) -> "History":
        """With `network` as the present one; nothing new if it is so already."""
        if network == self.present:
            return self
        return History(network, (*self.past, self.present)[-MAX_UNDO:])

    def undone(self) -> "History":
        """One step back, or as it was if there is none."""
        return History(self.past[-1], self.past[:-1]) if self.past else self
