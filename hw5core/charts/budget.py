"""The chart of the gradient budget: what is left of the gradient in front of each layer, predicted and measured."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import CROSS, FOUR_DIGITS, POWERS, ROWS, colour, dash, specification, tooltip
from hw5core.charts.series import Series
from hw5core.network.counting import count
from hw5core.network.layers import Activate
from hw5core.runs.config import RunConfig
from hw5core.runs.gradient_budget import gradient_budget
from hw5core.runs.layer_figures import BatchFigures

LOGITS = "loss"
"""The name of the start of the budget."""

_MAX_NAMES = 16


def budget_table(measured: Mapping[RunConfig, BatchFigures]) -> pd.DataFrame:
    """Return a row per network and layer, with the columns series, number, layer, delta, predicted and factor.

    `delta` and `predicted` are the roots of the mean of δ² in front of the layer, and `factor` is what the layer
    multiplies it by. The first row of a network is δ at the logits.
    """
    rows = []
    for config, figures in measured.items():
        start = math.sqrt(figures.layers[-1].delta_square)
        rows.append((config.label, 0, LOGITS, start, start, 1.0))
        for number, (name, line) in enumerate(zip(_names(config), gradient_budget(figures), strict=False), start=1):
            delta, predicted, factor = map(math.sqrt, (line.measured, line.predicted, line.measured_factor))
            rows.append((config.label, number, name, delta, predicted, factor))
    return pd.DataFrame(rows, columns=["series", "number", "layer", "delta", "predicted", "factor"])


def _names(config: RunConfig) -> list[str]:
    """Return the names of the layers from the last to the first, the same for networks that differ in activations."""
    return [
        f"activation-{row.number}" if isinstance(row.layer, Activate) else row.name
        for row in reversed(count(config.architecture).rows)
    ]


def budget_in_words(measured: Mapping[RunConfig, BatchFigures]) -> str:
    """Return what arrives at the first layer, for users who cannot see the chart."""
    return "; ".join(
        f"{config.label}: from {math.sqrt(figures.layers[-1].delta_square):.2g} at the loss to "
        f"{math.sqrt(lines[-1].measured):.2g} at the first layer, predicted {math.sqrt(lines[-1].predicted):.2g}"
        for config, figures in measured.items()
        if (lines := gradient_budget(figures))
    )


@lru_cache
def budget_chart(series: tuple[Series, ...], layers: int) -> dict[str, Any]:
    """Return the chart: lines with dots are measured, and crosses are the prediction, on a logarithmic scale.

    With many `layers`, some names are left out.
    """
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "layer:N",
            sort=alt.EncodingSortField("number", op="min"),
            title="from the loss backwards",
            axis=alt.Axis(labelAngle=-40, labelOverlap=layers > _MAX_NAMES),
        ),
        color=colour(series),
    )
    y = alt.Y(
        "delta:Q",
        title="typical size (RMS) of the gradient δ",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=POWERS, format="~e"),
    )
    hints = [alt.Tooltip("layer:N"), *tooltip("delta", "predicted", "factor", format=FOUR_DIGITS)]
    # A dead network has a δ of 0, which a logarithmic scale cannot show.
    shown = base.transform_filter("datum.delta > 0 && datum.predicted > 0")
    lines = shown.mark_line(point=alt.OverlayMarkDef(size=50, filled=True)).encode(
        y=y, strokeDash=dash(series), tooltip=hints
    )
    crosses = shown.mark_point(shape=CROSS, size=260, filled=False, strokeWidth=2, opacity=1).encode(
        y="predicted:Q", tooltip=hints
    )
    return specification(lines, crosses, series=series)
