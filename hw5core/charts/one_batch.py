"""The chart of one batch's loss along the gradient, by the size of the step."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import FOUR_DIGITS, ROWS, colour, dash, guess_lines, specification, tooltip
from hw5core.charts.series import Series
from hw5core.runs.config import RunConfig
from hw5core.runs.one_batch import OneBatch

HIGHEST = 4.0
"""Losses above this many nats are left out: a step that is far too large explodes."""

_POWERS = [10.0**power for power in range(-4, 4)]
"""Where the axis has lines. A logarithmic axis would have eight more between each two."""


def step_table(batches: Mapping[RunConfig, OneBatch]) -> pd.DataFrame:
    """Return the curves and two points per network, with the columns series, rate, loss and point.

    `point` is "step taken", "smallest" or missing. Losses above HIGHEST have no rows.
    """
    rows = [
        row
        for config, one in batches.items()
        for row in (
            *((config.label, rate, loss, None) for rate, loss in zip(one.rates, one.losses, strict=True)),
            (config.label, config.learning_rate, one.after, "step taken"),
            (config.label, *one.best, "smallest"),
        )
        if math.isfinite(row[2]) and row[2] <= HIGHEST
    ]
    return pd.DataFrame(rows, columns=["series", "rate", "loss", "point"])


@lru_cache
def step_chart(series: tuple[Series, ...]) -> dict[str, Any]:
    """Return the chart: a line per network, a filled dot at the step taken, and a triangle at the smallest loss."""
    x = alt.X(
        "rate:Q",
        title="size of the step (learning rate)",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=_POWERS, format="~g"),
    )
    y = alt.Y("loss:Q", title="loss of the batch after the step (nats)", scale=alt.Scale(domain=[0, HIGHEST]))
    base = alt.Chart(ROWS).encode(x=x, y=y, color=colour(series))
    hints = [*tooltip("rate", "loss", format=FOUR_DIGITS), alt.Tooltip("point:N")]
    curve = base.transform_filter("datum.point === null")
    line = curve.mark_line(clip=True).encode(strokeDash=dash(series))
    hover = curve.mark_point(opacity=0, size=80, clip=True).encode(tooltip=hints)
    marks = [
        base.transform_filter(f"datum.point === '{name}'")
        .mark_point(shape=shape, size=180, filled=True, opacity=1, clip=True)
        .encode(tooltip=hints)
        for name, shape in (("step taken", "circle"), ("smallest", "triangle-down"))
    ]
    return specification(line, hover, *marks, *guess_lines(series, inside=True), series=series)
