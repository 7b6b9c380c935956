"""Hypothesis strategies: small networks in which every layer fits, with layers of every kind."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from hw5core.errors import ShapeError
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import count
from hw5core.network.fields import Limit
from hw5core.network.layers import KINDS
from hw5core.network.notation import read_layer

_MAX_ABOVE_LOWEST = 6
"""How far a number of a layer goes above the lowest value that fits, so that the networks stay small."""


@st.composite
def architectures(draw: st.DrawFn, most_layers: int = 8) -> Architecture:
    """Small networks in which every layer fits its input."""
    channels, height, width = (draw(st.integers(1, highest)) for highest in (6, 40, 40))
    architecture = Architecture((channels, height, width))
    shape: Shape = architecture.input_shape
    for _ in range(draw(st.integers(0, most_layers))):
        layer = draw(layers(shape))
        grown = replace(architecture, layers=(*architecture.layers, layer))
        counted = count(grown)
        if counted.misfit is None:
            architecture, shape = grown, counted.output_shape
    return architecture


@st.composite
def layers(draw: st.DrawFn, input_shape: Shape) -> Layer:
    """Layers of any kind that fits an input of this shape, with values that the kind allows."""
    kind = draw(st.sampled_from([kind for kind in KINDS if _fits(read_layer(kind.example), input_shape)]))
    layer = read_layer(draw(st.sampled_from(list(kind.menu()))))
    for name in kind.labels():
        chosen: dict[str, Any] = {name: draw(_values(layer, name, input_shape))}
        layer = replace(layer, **chosen)
    return layer


def _fits(layer: Layer, input_shape: Shape) -> bool:
    try:
        layer.output_shape(input_shape)
    except ShapeError:
        return False
    return True


def _values(layer: Layer, name: str, input_shape: Shape) -> st.SearchStrategy[Any]:
    """Values of one field with which the layer fits, while its other fields stay the same."""
    if choices := layer.choices(name, input_shape):
        return st.sampled_from(list(choices))
    value = getattr(layer, name)
    if isinstance(value, bool):
        return st.booleans()
    limit = layer.bounds(input_shape)[name]
    if isinstance(value, float):
        return st.integers(0, 10_000).map(lambda parts: limit.lowest + (limit.highest - limit.lowest) * parts / 10_000)
    values = _near_lowest(limit)
    if sides := layer.side_bounds(input_shape).get(name):
        values |= st.tuples(*map(_near_lowest, sides))
    return values | st.just(limit.word) if limit.word else values


def _near_lowest(limit: Limit) -> st.SearchStrategy[Any]:
    return st.integers(limit.lowest, min(limit.highest, limit.lowest + _MAX_ABOVE_LOWEST))
