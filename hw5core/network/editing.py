"""Edits of a network, each a pure function that returns a new one, and the history behind undo.

The arguments may come from a browser: every impossible edit raises ArchitectureError.
"""

from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import INPUT_LIMITS, Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import Flatten, Linear
from hw5core.network.notation import read_layer

_IMAGE_CHANNELS = (1, 3, 4)  # grey, RGB, and RGB with transparency
_MIN_SIDE = 8

MAX_UNDO = 100
"""The number of earlier networks that a history keeps."""


def set_input(network: Architecture, axis: int, size: int) -> Architecture:
    """Return the network with another input size along one axis: 0 is channels, 1 height, 2 width."""
    if axis not in (0, 1, 2):
        raise ArchitectureError("an input has channels, height and width only")
    sizes = list(network.input_shape)
    sizes[axis] = size
    return replace(network, input_shape=(sizes[0], sizes[1], sizes[2]))


def set_field(network: Architecture, place: int, field: str, value: object) -> Architecture:
    """Return the network with another value in one field of the layer at `place` (from 0)."""
    layer = _layer(network, place)
    if field not in {declared.name for declared in fields(layer)}:
        raise ArchitectureError(f"this layer has no {field[:20]}")
    chosen: dict[str, Any] = {field: _checked(layer, field, value)}
    return _with_layers(network, place, place + 1, replace(layer, **chosen))


def channels_first(network: Architecture) -> Architecture | None:
    """Return the network with the input's last size first if that is probably its channels, as in Keras: 224x224x3.

    Return None if it is not.
    """
    height, width, channels = network.input_shape
    sides = (_MIN_SIDE, INPUT_LIMITS[1].highest)
    if channels not in _IMAGE_CHANNELS or not all(sides[0] <= side <= sides[1] for side in (height, width)):
        return None
    return replace(network, input_shape=(channels, height, width))


def square(network: Architecture, place: int) -> Architecture:
    """Return the network with equal height and width in every field of the layer at `place`: both are the height."""
    layer = _layer(network, place)
    heights: dict[str, Any] = {
        name: getattr(layer, name)[0] for name in layer.limits() if isinstance(getattr(layer, name), tuple)
    }
    return _with_layers(network, place, place + 1, replace(layer, **heights))


def insert(network: Architecture, place: int, word: str) -> Architecture:
    """Return the network with one more layer before the one at `place`. `word` is its notation."""
    if not 0 <= place <= len(network.layers):
        raise ArchitectureError(f"there is no layer {place + 1}")
    return _with_layers(network, place, place, read_layer(word))


def remove(network: Architecture, place: int) -> Architecture:
    """Return the network without the layer at `place`."""
    _layer(network, place)
    return _with_layers(network, place, place + 1)


def move(network: Architecture, place: int, by: int) -> Architecture:
    """Return the network with the layer at `place` moved by `by` places, at most to either end."""
    layer = _layer(network, place)
    rest = remove(network, place)
    target = min(max(0, place + by), len(rest.layers))
    return _with_layers(rest, target, target, layer)


def fit_to(network: Architecture, input_shape: tuple[int, int, int], classes: int) -> Architecture:
    """Return the network for images of this shape, with one output per class.

    If it ends with a linear layer, that layer gets as many outputs. Otherwise flatten and a linear layer follow.
    """
    *layers, last = network.layers or (Flatten(),)
    end: list[Layer] = [last, Flatten(), Linear(classes)]
    if isinstance(last, Linear):
        end = [replace(last, out_features=classes)]
    elif isinstance(last, Flatten):
        end = [last, Linear(classes)]
    return replace(network, input_shape=input_shape, layers=(*layers, *end))


def _checked(layer: Layer, field: str, value: object) -> object:
    """Return the value with the type of the field. Raise ArchitectureError if it has another one."""
    before, limit = getattr(layer, field), layer.limits().get(field)
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):  # a number beyond all floats is refused below
            return float(value)
    if isinstance(value, list):
        value = tuple(value)  # height and width, as JSON writes them
    if limit and not isinstance(before, float) and isinstance(value, int | float | tuple | str):
        limit.check(value)  # refuses 2.5, and says which numbers are possible
    elif type(value) is not type(before):
        raise ArchitectureError(f"{field.replace('_', ' ')} cannot be {str(value)[:20]}")
    return value


def _layer(network: Architecture, place: int) -> Layer:
    if not 0 <= place < len(network.layers):
        raise ArchitectureError(f"there is no layer {place + 1}")
    return network.layers[place]


def _with_layers(network: Architecture, start: int, end: int, *layers: Layer) -> Architecture:
    return replace(network, layers=(*network.layers[:start], *layers, *network.layers[end:]))


@dataclass(frozen=True)
class History:
    """The current network, the earlier ones (oldest first), and those that were undone (the next one first)."""

    present: Architecture
    past: tuple[Architecture, ...] = ()
    future: tuple[Architecture, ...] = ()

    def after(self, network: Architecture) -> "History":
        """Return the history with `network` as the current one, unchanged if it already is."""
        if network == self.present:
            return self
        return History(network, (*self.past, self.present)[-MAX_UNDO:])

    def undone(self) -> "History":
        """Return the history one step back, unchanged if there is no earlier network."""
        return History(self.past[-1], self.past[:-1], (self.present, *self.future)) if self.past else self

    def redone(self) -> "History":
        """Return the history with the last undone edit again, unchanged if there is none."""
        return History(self.future[0], (*self.past, self.present), self.future[1:]) if self.future else self
