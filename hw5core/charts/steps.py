"""The charts of a single step: the gradient of each layer, and the probability of each class."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import FOUR_DIGITS, ROWS, colour, dash, number_hint, specification, tooltip
from hw5core.charts.series import Series
from hw5core.data.datasets import Dataset
from hw5core.runs.history import RunHistory
from hw5core.runs.records import MeasuredStep

_ROW_HEIGHT = 32
_AXIS_HEIGHT = 60


def gradients_table(histories: Sequence[RunHistory]) -> pd.DataFrame:
    """Return a row per layer with weights of each run whose step was measured.

    The columns are activation, layer, number, and the norms gradient, weights and update.
    """
    return pd.DataFrame(
        [
            {
                "series": history.label,
                "layer": layer.name,
                "number": number,
                "gradient": layer.gradient_norm,
                "weights": layer.weight_norm,
                "update": layer.update_norm,
            }
            for history in histories
            if history.measured
            for number, layer in enumerate(history.measured.layers)
            if layer.gradient_norm is not None
        ]
    )


@lru_cache
def gradients_chart(series: tuple[Series, ...]) -> dict[str, Any]:
    """Return the chart of each layer's gradient norm, from the first layer to the last, on a logarithmic scale."""
    lines = (
        alt.Chart(ROWS)
        .mark_line(point=alt.OverlayMarkDef(size=90, filled=True))
        .encode(
            x=alt.X(
                "layer:N",
                sort=alt.EncodingSortField("number", op="min"),
                title="layers with weights, first layer on the left",
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("gradient:Q", title="norm of the gradient", scale=alt.Scale(type="log")),
            color=colour(series),
            strokeDash=dash(series),
            tooltip=[alt.Tooltip("layer:N"), *tooltip("gradient", "weights", "update", format=FOUR_DIGITS)],
        )
    )
    return specification(lines)


def probabilities_table(measured: MeasuredStep, labels: Sequence[int], dataset: Dataset) -> pd.DataFrame:
    """Return a row per image and class, with the columns image, label, class and probability."""
    return pd.DataFrame(
        [
            {
                "image": f"{number}: {dataset.class_in_words(label)}",
                "label": int(label),
                "class": predicted,
                "probability": probability,
            }
            for number, (row, label) in enumerate(zip(measured.probabilities, labels, strict=False), start=1)
            for predicted, probability in enumerate(row)
        ]
    )


@lru_cache
def probabilities_chart(colour: str, images: int) -> dict[str, Any]:
    """Return a table of cells, a row per image and a column per class. Stronger colour means a higher probability.

    The correct class has a frame.
    """
    base = alt.Chart(ROWS).encode(
        x=alt.X("class:O", title="class", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("image:N", title=None, sort=None),
        tooltip=[alt.Tooltip("image:N"), alt.Tooltip("class:O"), number_hint("probability")],
    )
    cells = base.mark_rect(color=colour).encode(
        opacity=alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 0.8]), legend=None)
    )
    frame = alt.condition("datum.class === datum.label", alt.value(3), alt.value(0))
    correct = base.mark_rect(fillOpacity=0, stroke=colour).encode(strokeWidth=frame)
    words = base.mark_text(fontSize=12).encode(text=alt.Text("probability:Q", format=".0%"))
    return specification(cells, correct, words) | {"height": images * _ROW_HEIGHT + _AXIS_HEIGHT}
