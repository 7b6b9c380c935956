"""The filters and feature maps of one layer, all networks side by side on one colour scale, and from one value back to
the part of the image that it saw and to its arithmetic. feature_maps.js draws them.

The URL names the layer and the value that is looked at. A browser can send anything, so both are checked.
"""

import base64
from dataclasses import asdict
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.network.counting import LayerCount, count, receptive_patch
from hw5core.network.layers import Activate, Dropout, Flatten
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import UNITS_IN_ROW, FeatureMaps, shown_maps
from hw5core.strict_json import with_nulls
from pages.parts.inside.checkpoints import feature_maps
from pages.parts.shared.component import inline_component
from pages.parts.shared.frame import heading

_LAYER, _VALUE = "layer", "value"
"""The URL parameters: the number of the layer, and the map, row and column of the value, such as "3-12-7"."""

_KEY = "feature maps"

Place = tuple[int, int, int]
"""A value of a layer: its map, row and column, counted from 0."""

_component = inline_component(__file__, "feature_maps", '<div class="maps"></div>')


def layers_inside(configs: tuple[RunConfig, ...], step: int, image: NDArray[np.uint8]) -> None:
    """Draw the choice of a layer, its filters and feature maps, and one map enlarged. Raises LabError."""
    heading("What each layer makes of it")
    rows = drawn_layers(configs[0])
    row = _chosen_layer(rows)
    place = _chosen_place(row)
    found = feature_maps(configs, step, image.tobytes(), row.number, _in_layer(row, place))
    _component(
        key=_KEY,
        data={
            "layers": tuple({"number": one.number, "name": _name(one), "shape": _shape(one)} for one in rows),
            "layer": row.number,
            "units": row.output_shape[0] if len(row.output_shape) == 1 else 0,
            "units_in_row": UNITS_IN_ROW,
            "place": place,
            "networks": tuple(_network(config, one) for config, one in zip(configs, found, strict=True)),
            "notes": _left_out(row, found[0]),
            "patch": _patch(configs[0], row, place),
            "image": _base64(image),
            "image_side": len(image),
        },
        on_chosen_change=lambda: _choose(rows, st.session_state[_KEY].get("chosen")),
    )


def drawn_layers(config: RunConfig) -> list[LayerCount]:
    """Return the layers that change something. Flatten only orders the values, and dropout is off in a prediction."""
    return [row for row in count(config.architecture).rows if not isinstance(row.layer, Flatten | Dropout)]


def _name(row: LayerCount) -> str:
    """Return the layer's name, the same for all networks of a race."""
    return f"Activation-{row.number}" if isinstance(row.layer, Activate) else row.name


def _shape(row: LayerCount) -> str:
    return "×".join(map(str, row.output_shape))


def _network(config: RunConfig, one: FeatureMaps) -> dict[str, Any]:
    return {
        "label": config.label,
        "colour": config.spec.colour,
        "layer": one.name,
        "shape": one.values.shape,
        "values": _base64(one.values),
        "steps": tuple(with_nulls(asdict(step)) for step in one.trace.steps),
        "filter_shape": () if one.filters is None else one.filters.shape,
        "filters": "" if one.filters is None else _base64(one.filters),
    }


def _in_layer(row: LayerCount, place: Place) -> tuple[int, ...]:
    """Return the place of a value in the layer's output, from its place in the maps that are shown."""
    _, line, column = place
    return place if len(row.output_shape) == 3 else (line * UNITS_IN_ROW + column,)


def _patch(config: RunConfig, row: LayerCount, place: Place) -> tuple[int, int, int, int]:
    """Return the part of the image that a value saw: its top and left pixel, its height and its width."""
    (top, bottom), (left, right) = receptive_patch(count(config.architecture), row.number, _in_layer(row, place))
    return top, left, bottom - top + 1, right - left + 1


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _left_out(row: LayerCount, one: FeatureMaps) -> str:
    """Return what of the layer is not shown, as sentences; empty if everything is."""
    sentences = []
    if not len(one.values):
        sentences.append(f"The output, {_shape(row)} values, is too large to be drawn here.")
    elif len(row.output_shape) == 3 and len(one.values) < row.output_shape[0]:
        sentences.append(f"Shown are the first {len(one.values)} of {row.output_shape[0]:,} maps.")
    if one.filters is not None:
        channels = row.input_shape[0] // getattr(row.layer, "groups", 1)
        if not one.filters.size:
            sentences.append("The filters are too large to be drawn here.")
        elif one.filters.shape[1] < channels:
            sentences.append(f"Of each filter, the first {one.filters.shape[1]} of {channels:,} channels are shown.")
    return " ".join(sentences)


def _chosen_layer(rows: list[LayerCount]) -> LayerCount:
    wanted = st.query_params.get(_LAYER)
    return next((row for row in rows if str(row.number) == wanted), rows[0])


def _chosen_place(row: LayerCount) -> Place:
    """Return the place in the URL, or the middle of the first map."""
    place = place_in_url(st.query_params.get(_VALUE), row)
    if place is None:
        _, height, width = shown_maps(row.output_shape)
        return (0, height // 2, width // 2) if len(row.output_shape) == 3 else (0, 0, 0)
    return place


def place_in_url(text: str | None, row: LayerCount) -> Place | None:
    """Return the map, row and column in a text such as "3-12-7", or None if the layer's maps have no such value."""
    numbers = (text or "").split("-")
    if not all(one.isascii() and one.isdigit() and len(one) < 7 for one in numbers):
        return None
    return _inside([int(one) for one in numbers], row)


def _inside(numbers: list[int], row: LayerCount) -> Place | None:
    shape = shown_maps(row.output_shape)
    if len(numbers) != 3 or not all(0 <= one < most for one, most in zip(numbers, shape, strict=True)):
        return None
    place = numbers[0], numbers[1], numbers[2]
    # The last row of values without an image may be shorter.
    return place if len(row.output_shape) == 3 or _in_layer(row, place)[0] < row.output_shape[0] else None


def _choose(rows: list[LayerCount], sent: Any) -> None:
    """Write the layer and the value that the browser has sent into the URL."""
    chosen = choice_in(rows, sent)
    if chosen is None:
        return
    number, place = chosen
    st.query_params[_LAYER] = str(number)
    if place:
        st.query_params[_VALUE] = "-".join(map(str, place))
    else:
        st.query_params.pop(_VALUE, None)


def choice_in(rows: list[LayerCount], sent: Any) -> tuple[int, Place | None] | None:
    """Return the number of a layer and the place of a value in it, from what a browser has sent.

    The place is None if the layer has no such value, and everything is None if there is no such layer.
    """
    if not isinstance(sent, list) or not sent or not all(type(one) is int for one in sent):
        return None
    row = next((one for one in rows if one.number == sent[0]), None)
    return (row.number, _inside(sent[1:], row)) if row else None
