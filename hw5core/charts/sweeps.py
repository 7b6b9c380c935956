"""The bands of a sweep as altair charts, one learning rate to a chart: colour and dash tell activations apart there.

As in `charts`, a specification is built once and holds no data. Charts of different rates share their axes.
"""

import math
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import (
    ROWS,
    UNIFORM_GUESS_LOSS,
    UNIFORM_GUESS_WORDS,
    colour,
    dash,
    epoch_axis,
    reference,
    row_of_nothing,
    specification,
)

_LOSS_ENDS = (3.0, 5.0, 10.0, 25.0, 50.0, 100.0)
"""Where the axis of a loss may end, in nats: few ends, because a chart with another one is built anew."""


def rows_of_rate(bands: pd.DataFrame, rate: float) -> pd.DataFrame:
    """The rows of one learning rate, ready to be drawn: with the seeds in words, and a first row for the references."""
    rows = bands[bands.rate == rate]
    words = rows.n.astype(str) + " of " + rows.of.astype(str)
    numbers = [column for column in rows.columns if column != "activation"]
    return pd.concat([row_of_nothing(*numbers), rows.assign(seeds=words)])


def loss_end(losses: "pd.Series[float]") -> float:
    """Where the axis ends that shows these losses; the largest of them may lie beyond the last end, out of view."""
    top = losses.max()
    return next((end for end in _LOSS_ENDS if math.isnan(top) or top <= end), _LOSS_ENDS[-1])


@lru_cache
def sweep_accuracy_chart(labels: tuple[str, ...], epochs: int, commonest_share: float | None) -> dict[str, Any]:
    """Test accuracy after each epoch."""
    layers = _band(labels, epoch_axis(epochs), "epoch", "test_accuracy", "test accuracy (%)", 100)
    if commonest_share is None:
        return specification(*layers)
    words = f"{commonest_share:.1f} %: always naming the commonest class"
    return specification(*layers, reference(commonest_share, words))


@lru_cache
def sweep_validation_chart(labels: tuple[str, ...], epochs: int, end: float) -> dict[str, Any]:
    """Validation loss after each epoch."""
    layers = _band(labels, epoch_axis(epochs), "epoch", "validation_loss", "validation loss (nats)", end)
    return specification(*layers, reference(UNIFORM_GUESS_LOSS, UNIFORM_GUESS_WORDS))


@lru_cache
def sweep_loss_chart(labels: tuple[str, ...], total_steps: int, end: float) -> dict[str, Any]:
    """Training loss over the batches."""
    x = alt.X("batch:Q", title="batch (steps of SGD)", scale=alt.Scale(domain=[0, total_steps], nice=False))
    layers = _band(labels, x, "batch", "loss", "training loss (nats)", end, points=False)
    return specification(*layers, reference(UNIFORM_GUESS_LOSS, UNIFORM_GUESS_WORDS))


@lru_cache
def rates_chart(labels: tuple[str, ...]) -> dict[str, Any]:
    """Test accuracy at the newest epoch over the learning rate: the mean as a point, the range as an upright line."""
    base = alt.Chart(ROWS).encode(
        x=alt.X("rate:Q", title="learning rate (logarithmic)", scale=alt.Scale(type="log", nice=False, padding=40)),
        color=colour(labels),
        tooltip=_tooltip("rate", "test_accuracy"),
    )
    y = alt.Y("test_accuracy:Q", title="test accuracy (%)", scale=alt.Scale(domain=[0, 100]))
    ranges = base.mark_rule(size=3, opacity=0.45).encode(y="test_accuracy_lowest:Q", y2="test_accuracy_highest:Q")
    return specification(
        base.mark_line().encode(y=y, strokeDash=dash(labels)), ranges, base.mark_point(filled=True, size=70).encode(y=y)
    )


def _band(
    labels: tuple[str, ...], x: alt.X, place: str, what: str, title: str, end: float, *, points: bool = True
) -> list[alt.Chart]:
    """The range as an area, the mean as a line, and a mark to hover over; where seeds are missing it is pale."""
    base = alt.Chart(ROWS).encode(x=x, color=colour(labels))
    scale = alt.Scale(domain=[0, end])
    area = base.mark_area(opacity=0.2, clip=True).encode(
        y=alt.Y(f"{what}_lowest:Q", title=title, scale=scale), y2=f"{what}_highest:Q"
    )
    line = base.mark_line(clip=True).encode(y=f"{what}:Q", strokeDash=dash(labels), tooltip=_tooltip(place, what))
    whole = alt.condition("datum.n < datum.of", alt.value(0.35), alt.value(1.0))
    marks = base.mark_point(filled=True, size=60, clip=True).encode(
        y=f"{what}:Q", opacity=whole, tooltip=_tooltip(place, what)
    )
    return [area, line, marks] if points else [area, line]


def _tooltip(place: str, what: str) -> list[alt.Tooltip]:
    exact = [(place, place), (what, "mean"), (f"{what}_lowest", "lowest"), (f"{what}_highest", "highest")]
    return [
        alt.Tooltip("activation:N"),
        *(alt.Tooltip(f"{column}:Q", title=title.replace("_", " ")) for column, title in exact),
        alt.Tooltip("seeds:N"),
    ]
