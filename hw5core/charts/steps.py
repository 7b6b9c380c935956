"""Charts of one step taken apart: each layer's gradient, and the probability that a network gave each class. No torch.

Tables name a network by its activation's label.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import ROWS, colour, dash, specification, tooltip
from hw5core.network.activations import Activation
from hw5core.runs.history import RunHistory
from hw5core.runs.records import MeasuredStep

_ROW_HEIGHT = 32
_AXIS_HEIGHT = 60


def gradients_table(runs: Sequence[RunHistory]) -> pd.DataFrame:
    """Columns activation, layer, number, gradient, weights, update: the norms of each layer that has weights, of the
    runs that were moved on by one batch alone."""
    return pd.DataFrame(
        [
            {
                "activation": run.label,
                "layer": layer.name,
                "number": number,
                "gradient": layer.gradient_norm,
                "weights": layer.weight_norm,
                "update": layer.update_norm,
            }
            for run in runs
            if run.measured
            for number, layer in enumerate(run.measured.layers)
            if layer.gradient_norm is not None
        ]
    )


@lru_cache
def gradients_chart(labels: tuple[str, ...]) -> dict[str, Any]:
    """The norm of the gradient in each layer's weights, first layer on the left, on a logarithmic scale."""
    lines = (
        alt.Chart(ROWS)
        .mark_line(point=alt.OverlayMarkDef(size=90, filled=True))
        .encode(
            x=alt.X(
                "layer:N",
                sort=alt.EncodingSortField("number", op="min"),
                title="layers with weights, the first one on the left",
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("gradient:Q", title="norm of the gradient", scale=alt.Scale(type="log")),
            color=colour(labels),
            strokeDash=dash(labels),
            tooltip=[alt.Tooltip("layer:N"), *tooltip("gradient", "weights", "update")],
        )
    )
    return specification(lines)


def probabilities_table(measured: MeasuredStep, labels: Sequence[int]) -> pd.DataFrame:
    """Columns image, label, class, probability: a row per image of the batch and class."""
    return pd.DataFrame(
        [
            {"image": f"{number}: a {label}", "label": int(label), "class": digit, "probability": probability}
            for number, (row, label) in enumerate(zip(measured.probabilities, labels, strict=False), start=1)
            for digit, probability in enumerate(row)
        ]
    )


@lru_cache
def probabilities_chart(activation: Activation, images: int) -> dict[str, Any]:
    """A row per image, a column per class: the deeper, the more probable; the right class in a frame."""
    base = alt.Chart(ROWS).encode(
        x=alt.X("class:O", title="class", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("image:N", title=None, sort=None),
        tooltip=[alt.Tooltip("image:N"), alt.Tooltip("class:O"), alt.Tooltip("probability:Q")],
    )
    cells = base.mark_rect(color=activation.colour).encode(
        opacity=alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 0.8]), legend=None)
    )
    framed = alt.condition("datum.class === datum.label", alt.value(3), alt.value(0))
    right = base.mark_rect(fillOpacity=0, stroke=activation.colour).encode(strokeWidth=framed)
    words = base.mark_text(fontSize=12).encode(text=alt.Text("probability:Q", format=".0%"))
    return specification(cells, right, words) | {"height": images * _ROW_HEIGHT + _AXIS_HEIGHT}
