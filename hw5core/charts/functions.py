"""The chart of activations: each function and its derivative, with marks at the chosen inputs."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import FOUR_DIGITS, GREY, ROWS, colour, dash, specification, tooltip
from hw5core.charts.series import Series, series_of
from hw5core.network.activations import Activation
from hw5core.runs.config import RunConfig

FARTHEST = 10.0
"""The chart shows the inputs from minus this to this."""

_STEP = 0.1
_ABOVE_ZERO = 1e-6
_LOWEST, _HIGHEST = -1.2, 3.0


def functions_table(configs: Sequence[RunConfig], chosen: Sequence[float]) -> pd.DataFrame:
    """Return the curves and the marks, with the columns series, input, value, slope and mark.

    There is a row per activation and input. Rows at the `chosen` inputs have their input as the mark; others have none.
    """
    rows = [
        row
        for config in configs
        for row in (
            *((config.label, *point, None) for point in _curve(config.spec)),
            *((config.label, *_point(config.spec, one), one) for one in chosen),
        )
    ]
    return pd.DataFrame(rows, columns=["series", "input", "value", "slope", "mark"])


@cache
def _curve(activation: Activation) -> tuple[tuple[float, float, float], ...]:
    """Return the points of both curves. They stay the same while an input is dragged."""
    count = round(FARTHEST / _STEP)
    # A slope may jump at 0, so the curves have a second point just above it.
    inputs = sorted([*(number * _STEP for number in range(-count, count + 1)), _ABOVE_ZERO])
    return tuple(_point(activation, one) for one in inputs)


def _point(activation: Activation, at: float) -> tuple[float, float, float]:
    """Return an input, and the value and the slope there."""
    return at, float(activation.value(at)), float(activation.slope(at))


def functions_chart(configs: tuple[RunConfig, ...]) -> dict[str, Any]:
    """Return the chart: thick lines are functions, thin ones their derivatives, and dots are at the marks."""
    return _chart(series_of(configs))


@lru_cache
def _chart(series: tuple[Series, ...]) -> dict[str, Any]:
    x = alt.X(
        "input:Q",
        title="input x",
        axis=alt.Axis(values=list(range(-8, 9, 2))),
        scale=alt.Scale(domain=[-FARTHEST, FARTHEST], nice=False),
    )
    scale = alt.Scale(domain=[_LOWEST, _HIGHEST], nice=False)
    title = "thick: f(x), thin: its slope f′(x)"
    base = alt.Chart(ROWS).encode(x=x, color=colour(series))
    curves = base.transform_filter("datum.mark === null").encode(strokeDash=dash(series))
    hints = tooltip("input", "value", "slope", format=FOUR_DIGITS)
    lines = [
        curves.mark_line(strokeWidth=width, clip=True).encode(y=alt.Y(f"{name}:Q", title=title, scale=scale))
        for name, width in (("value", 4), ("slope", 1.5))
    ]
    # Only a point has a tooltip with its own values.
    points = [
        base.mark_point(opacity=0, size=120, clip=True).encode(y=f"{name}:Q", tooltip=hints)
        for name in ("value", "slope")
    ]
    marked = base.transform_filter("datum.mark !== null")
    dots = [
        marked.mark_point(filled=filled, size=130, strokeWidth=3, clip=True, opacity=1).encode(
            y=f"{name}:Q", tooltip=hints
        )
        for name, filled in (("value", True), ("slope", False))
    ]
    chosen = (
        alt.Chart(ROWS)
        .transform_filter("datum.mark !== null")
        .mark_rule(color=GREY, strokeDash=[2, 3], clip=True)
        .encode(x=x)
    )
    return specification(chosen, *lines, *points, *dots, series=series)
