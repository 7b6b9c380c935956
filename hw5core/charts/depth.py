"""The charts of a stack of layers: histograms of activations and gradients, one row per layer, and their sizes."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hw5core.charts.parts import (
    CROSS,
    FOUR_DIGITS,
    GREY,
    POWERS,
    ROWS,
    colour,
    dash,
    number_hint,
    specification,
    tooltip,
)
from hw5core.charts.series import Series
from hw5core.explain.depth import Floats, StackLayer
from hw5core.network.activations import ACTIVATIONS


class Passing(StrEnum):
    """What passes through a stack: forwards the activations, backwards the gradients."""

    ACTIVATIONS = "activations"
    GRADIENTS = "gradients"


_BINS = 30
_ROW = 0.92
"""The height of the highest bar, as a share of the distance of two layers."""

_DECADES = 4
"""How many powers of ten below the smallest typical gradient the axis starts. Smaller ones count in the first bin."""

_LABELS = {Passing.GRADIENTS: "gradients δ (RMS)", Passing.ACTIVATIONS: "activations (standard deviation)"}
_NO_CLASSES = 1
"""A series has a number of classes, for a guess as a reference. This chart has none."""


def histogram_table(layers: Sequence[StackLayer], passing: Passing) -> pd.DataFrame:
    """Return a row per layer and bin that is not empty, with the columns layer, left, right, base, top, share, zeros.

    `left` and `right` are the edges of the bin. The bins of gradients contain their absolute values, on a logarithmic
    scale. `share` is that of the layer's values, and `zeros` the share of those that are exactly 0, which are in no
    bin. `base` and `top` are the ends of the bar on the axis of the layers.
    """
    gradients = passing is Passing.GRADIENTS
    values = np.stack([one.gradients if gradients else one.activations for one in layers]).reshape(len(layers), -1)
    edges = _even_factors(layers) if gradients else _even_steps(values)
    counts = _counts(np.abs(values), np.log10(edges), np.log10) if gradients else _counts(values, edges)
    row, place = np.nonzero(counts)
    found, number = counts[row, place], row + 1
    return pd.DataFrame(
        {
            "layer": number,
            "left": edges[place],
            "right": edges[place + 1],
            "base": number,
            "top": number - _ROW * found / counts.max(axis=1)[row],
            "share": found / values.shape[1],
            "zeros": (values == 0).mean(axis=1)[row],
        }
    )


def _even_steps(values: Floats) -> Floats:
    """Return the edges of equal bins for all activations."""
    lowest, highest = float(values.min()), float(values.max())
    return np.linspace(lowest, highest if highest > lowest else lowest + 1, _BINS + 1)


def _even_factors(layers: Sequence[StackLayer]) -> Floats:
    """Return the edges of bins of equal factors for all absolute gradients."""
    sizes = [one.delta for one in layers if one.delta] or [1.0]
    largest = max(float(np.abs(one.gradients).max()) for one in layers) or 1.0
    return np.geomspace(min(sizes) / 10**_DECADES, largest, _BINS + 1)


def _counts(values: Floats, places: Floats, scale: Callable[[Floats], Floats] = np.positive) -> NDArray[np.int64]:
    """Return how many of each row's values that are not 0 are in each bin, (rows, bins).

    The `places` are the edges on a `scale` on which all bins are equally wide. All rows are counted together: a moving
    slider has no time for a histogram per layer.
    """
    row, column = np.nonzero(values)
    shares = (scale(values[row, column]) - places[0]) / (places[-1] - places[0])
    bins = np.clip((_BINS * shares).astype(np.int64), 0, _BINS - 1)
    return np.bincount(row * _BINS + bins, minlength=len(values) * _BINS).reshape(len(values), _BINS)


@lru_cache
def histogram_chart(activation: str, passing: Passing) -> dict[str, Any]:
    """Return the histograms, one row of bars per layer, the first layer at the top."""
    gradients = passing is Passing.GRADIENTS
    scale = alt.Scale(type="log", nice=False) if gradients else alt.Scale(zero=False, nice=False)
    axis = alt.Axis(tickCount=5, format="~e", labelOverlap=True) if gradients else alt.Axis(tickCount=5)
    title = "absolute gradient |δ|" if gradients else "activation f(z)"
    bars = (
        alt.Chart(ROWS)
        .mark_rect(color=ACTIVATIONS[activation].colour)
        .encode(
            x=alt.X("left:Q", title=title, scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y(
                "top:Q",
                title="layer",
                scale=alt.Scale(reverse=True, zero=False, nice=False),
                axis=alt.Axis(tickMinStep=1, format="d"),
            ),
            y2="base:Q",
            tooltip=[
                alt.Tooltip("layer:Q"),
                number_hint("left", "from", FOUR_DIGITS),
                number_hint("right", "to", FOUR_DIGITS),
                alt.Tooltip("share:Q", title="share of the values", format=".2%"),
                alt.Tooltip("zeros:Q", title="exactly 0", format=".2%"),
            ],
        )
    )
    # On a canvas, the browser draws hundreds of bars in a fraction of the time, so they follow a moving slider.
    return specification(bars) | {"usermeta": {"embedOptions": {"renderer": "canvas"}}}


def sizes_table(layers: Sequence[StackLayer]) -> pd.DataFrame:
    """Return a row per layer and quantity, with the columns series, layer, measured, predicted, low and high.

    `series` is the label of the quantity. A random stack lies typically between `low` and `high`.
    """
    rows = [
        (label, number, measured, predicted, predicted * np.exp(-spread), predicted * np.exp(spread))
        for number, one in enumerate(layers, start=1)
        for label, measured, predicted, spread in (
            (_LABELS[Passing.GRADIENTS], one.delta, one.predicted_delta, one.backward_spread),
            (_LABELS[Passing.ACTIVATIONS], one.deviation, one.predicted_deviation, one.forward_spread),
        )
    ]
    return pd.DataFrame(rows, columns=["series", "layer", "measured", "predicted", "low", "high"])


@cache
def sizes_chart(activation: str) -> dict[str, Any]:
    """Return the chart, on a logarithmic scale: dots are measured, crosses predicted, and pale bars what is typical."""
    series = (
        Series(_LABELS[Passing.GRADIENTS], "gradients", ACTIVATIONS[activation].colour, (1, 0), _NO_CLASSES),
        Series(_LABELS[Passing.ACTIVATIONS], "activations", GREY, (5, 3), _NO_CLASSES),
    )
    # A dead layer has a size of 0, which a logarithmic scale cannot show.
    base = (
        alt.Chart(ROWS)
        .encode(
            x=alt.X(
                "layer:Q",
                title="layer",
                axis=alt.Axis(tickMinStep=1, format="d"),
                scale=alt.Scale(zero=False, nice=False),
            ),
            color=colour(series),
        )
        .transform_filter("datum.measured > 0 && datum.predicted > 0")
    )
    y = alt.Y(
        "measured:Q", title="typical size", scale=alt.Scale(type="log"), axis=alt.Axis(values=POWERS, format="~e")
    )
    hints = [alt.Tooltip("layer:Q"), *tooltip("measured", "predicted", "low", "high", format=FOUR_DIGITS)]
    lines = base.mark_line(point=alt.OverlayMarkDef(size=40, filled=True)).encode(
        y=y, strokeDash=dash(series), tooltip=hints
    )
    typical = base.mark_rule(strokeWidth=6, opacity=0.25).encode(y="low:Q", y2="high:Q")
    crosses = base.mark_point(shape=CROSS, size=200, filled=False, strokeWidth=2, opacity=1).encode(
        y="predicted:Q", tooltip=hints
    )
    return specification(typical, lines, crosses, series=series)


def histograms_in_words(layers: Sequence[StackLayer], passing: Passing) -> str:
    """Return the range and the zeros of the first and the last layer, for users who cannot see the histograms."""
    values = [one.activations if passing is Passing.ACTIVATIONS else one.gradients for one in layers]
    ends = {1: values[0], len(values): values[-1]}
    return "; ".join(
        f"layer {number}: from {one.min():.3g} to {one.max():.3g}, {(one == 0).mean():.0%} exactly 0"
        for number, one in ends.items()
    )


def sizes_in_words(layers: Sequence[StackLayer]) -> str:
    """Return the sizes in the first and the last layer, for users who cannot see the chart."""
    ends = {1: layers[0], len(layers): layers[-1]}
    return "; ".join(
        f"layer {number}: gradients {one.delta:.2g}, predicted {one.predicted_delta:.2g}, activations "
        f"{one.deviation:.2g}, predicted {one.predicted_deviation:.2g}"
        for number, one in ends.items()
    )
