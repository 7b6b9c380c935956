"""The charts of a sweep, one chart per learning rate, on the same axes."""

import math
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import (
    FOUR_DECIMALS,
    FOUR_DIGITS,
    ROWS,
    colour,
    dash,
    empty_row,
    epoch_axis,
    guess_lines,
    number_hint,
    reference,
    specification,
)
from hw5core.charts.series import Series

_LOSS_ENDS = (3.0, 5.0, 10.0, 25.0, 50.0, 100.0)
"""The possible ends of a loss axis, in nats. There are few, because the browser rebuilds a chart with another end."""


def rows_of_rate(bands: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Return the rows of one learning rate for its chart, with the column seeds ("2 of 3") and an empty first row."""
    return chart_rows(bands[bands.rate == rate])


def chart_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return these rows of a table of bands for a chart, with the column seeds ("2 of 3") and an empty first row."""
    seeds = rows.n.astype(str) + " of " + rows.of.astype(str)
    numbers = [column for column in rows.columns if column != "series"]
    return pd.concat([empty_row(*numbers), rows.assign(seeds=seeds)])


def loss_end(losses: "pd.Series[float]") -> float:
    """Return the end of an axis for these losses. Losses above the last end are not visible."""
    top = losses.max()
    return next((end for end in _LOSS_ENDS if math.isnan(top) or top <= end), _LOSS_ENDS[-1])


@lru_cache
def sweep_accuracy_chart(series: tuple[Series, ...], epochs: int, commonest_share: float | None) -> dict[str, Any]:
    """Return the chart of the test accuracy after each epoch.

    `commonest_share` is the percentage of the most common class in the test images, or None as long as it is unknown.
    """
    layers = _band(series, epoch_axis(epochs), "epoch", "test_accuracy", "test accuracy (%)", 100)
    if commonest_share is None:
        return specification(*layers, series=series)
    words = f"{commonest_share:.1f} %: always guessing the most common class"
    return specification(*layers, reference(commonest_share, words), series=series)


@lru_cache
def sweep_validation_chart(series: tuple[Series, ...], epochs: int, end: float) -> dict[str, Any]:
    """Return the chart of the validation loss after each epoch, on an axis up to `end`."""
    layers = _band(series, epoch_axis(epochs), "epoch", "validation_loss", "validation loss (nats)", end)
    return specification(*layers, *guess_lines(series), series=series)


@lru_cache
def sweep_loss_chart(series: tuple[Series, ...], total_steps: int, end: float) -> dict[str, Any]:
    """Return the chart of the training loss over the batches, on an axis up to `end`."""
    x = alt.X("batch:Q", title="batch (steps of SGD)", scale=alt.Scale(domain=[0, total_steps], nice=False))
    layers = _band(series, x, "batch", "loss", "training loss (nats)", end, points=False)
    return specification(*layers, *guess_lines(series), series=series)


@lru_cache
def rates_chart(series: tuple[Series, ...]) -> dict[str, Any]:
    """Return the chart of the newest test accuracy over the learning rate: a point for a mean, a line for a range."""
    base = alt.Chart(ROWS).encode(
        x=alt.X("rate:Q", title="learning rate (logarithmic)", scale=alt.Scale(type="log", nice=False, padding=40)),
        color=colour(series),
        tooltip=_tooltip("rate", "test_accuracy"),
    )
    y = alt.Y("test_accuracy:Q", title="test accuracy (%)", scale=alt.Scale(domain=[0, 100]))
    ranges = base.mark_rule(size=3, opacity=0.45).encode(y="test_accuracy_lowest:Q", y2="test_accuracy_highest:Q")
    return specification(
        base.mark_line().encode(y=y, strokeDash=dash(series)), ranges, base.mark_point(filled=True, size=70).encode(y=y)
    )


def _band(
    series: tuple[Series, ...], x: alt.X, place: str, what: str, title: str, end: float, *, points: bool = True
) -> list[alt.Chart]:
    """Return an area for the range, a line for the mean, and points, which are pale if seeds are missing."""
    base = alt.Chart(ROWS).encode(x=x, color=colour(series))
    scale = alt.Scale(domain=[0, end])
    area = base.mark_area(opacity=0.2, clip=True).encode(
        y=alt.Y(f"{what}_lowest:Q", title=title, scale=scale), y2=f"{what}_highest:Q"
    )
    line = base.mark_line(clip=True).encode(y=f"{what}:Q", strokeDash=dash(series), tooltip=_tooltip(place, what))
    opacity = alt.condition("datum.n < datum.of", alt.value(0.35), alt.value(1.0))
    marks = base.mark_point(filled=True, size=60, clip=True).encode(
        y=f"{what}:Q", opacity=opacity, tooltip=_tooltip(place, what)
    )
    return [area, line, marks] if points else [area, line]


def _tooltip(place: str, what: str) -> list[alt.Tooltip]:
    means = [(what, "mean"), (f"{what}_lowest", "lowest"), (f"{what}_highest", "highest")]
    return [
        alt.Tooltip("series:N", title="line"),
        number_hint(place, format=FOUR_DIGITS if place == "rate" else FOUR_DECIMALS),
        *(number_hint(column, title) for column, title in means),
        alt.Tooltip("seeds:N"),
    ]
