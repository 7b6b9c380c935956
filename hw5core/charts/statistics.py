"""The chart of what a run recorded of one layer through training, from the LayerStatistics of its batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import FOUR_DIGITS, ROWS, colour, dash, reference, specification, tooltip
from hw5core.charts.race import MAX_POINTS
from hw5core.charts.series import Series
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learned_after
from hw5core.runs.records import LayerStatistics, layer_number

GOOD_UPDATE = -3.0
"""The decimal logarithm of update / weights that is often called healthy: a step changes a weight by a thousandth."""


class Quantity(StrEnum):
    """What a chart shows of a layer."""

    GRADIENT = "gradient norm"
    UPDATE = "update / weights"
    SATURATED = "saturated units"


_TITLES = {
    Quantity.GRADIENT: "norm of the weights' gradient",
    Quantity.UPDATE: "log10 of rate × gradient / weights (norms)",
    Quantity.SATURATED: "share of units with a slope near 0",
}


def recorded_layers(histories: Sequence[RunHistory], quantity: Quantity) -> dict[int, str]:
    """Return the layers for which the runs recorded the quantity: their names by their numbers, from the input on.

    An activation has another name in each network, so it is called "activation".
    """
    first = [one for history in histories for one in history.statistics[:1]]
    if quantity is Quantity.SATURATED:
        numbers = {layer_number(name) for one in first for name in one.saturated}
        return {number: f"activation-{number}" for number in sorted(numbers)}
    names = {name for one in first for name in one.gradient_norms}
    return {layer_number(name): name for name in sorted(names, key=layer_number)}


def statistics_table(histories: Sequence[RunHistory], quantity: Quantity, number: int) -> pd.DataFrame:
    """Return a row per run and measured batch, with the columns activation, batch, value and left.

    Values that are not finite are left out, and most batches of a long run. `left` is the batch from which on the
    network was better than guessing, in one row of each network that was.
    """
    rows = [row for history in histories for row in _rows(history, quantity, number)]
    return pd.DataFrame(rows, columns=["activation", "batch", "value", "left"])


def _rows(history: RunHistory, quantity: Quantity, number: int) -> Iterator[tuple[str, float, float, float]]:
    after = learned_after(history)
    if after is not None:
        yield history.label, math.nan, math.nan, float(history.first_step + after)
    every = -(-len(history.statistics) // MAX_POINTS) or 1
    for one in history.statistics[::every]:
        value = _value(one, quantity, number, history.config.learning_rate)
        if math.isfinite(value):
            yield history.label, float(one.step), value, math.nan


def _value(one: LayerStatistics, quantity: Quantity, number: int, learning_rate: float) -> float:
    """Return the quantity of a layer in one batch, or NaN if it was not recorded or has no place on the axis."""
    if quantity is Quantity.SATURATED:
        return _of_layer(one.saturated, number)
    gradient = _of_layer(one.gradient_norms, number)
    if quantity is Quantity.GRADIENT:
        return gradient if gradient > 0 else math.nan
    weights = _of_layer(one.weight_norms, number)
    ratio = learning_rate * gradient / weights if weights else math.nan
    return math.log10(ratio) if 0 < ratio < math.inf else math.nan


def _of_layer(values: Mapping[str, float], number: int) -> float:
    return next((value for name, value in values.items() if layer_number(name) == number), math.nan)


def statistics_in_words(table: pd.DataFrame) -> str:
    """Return each network's first and last value, for users who cannot see the chart."""
    parts = []
    for label, rows in table.dropna(subset=["value"]).groupby("activation", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        parts.append(
            f"{label}: {first['value']:.3g} in batch {first['batch']:,.0f}, {last['value']:.3g} in batch "
            f"{last['batch']:,.0f}"
        )
    return "; ".join(parts) or "This race has no such records."


@lru_cache
def statistics_chart(series: tuple[Series, ...], quantity: Quantity) -> dict[str, Any]:
    """Return the chart over the batches. A vertical line marks where a network became better than guessing."""
    base = alt.Chart(ROWS).encode(color=colour(series))
    match quantity:
        case Quantity.GRADIENT:
            y = alt.Y("value:Q", title=_TITLES[quantity], scale=alt.Scale(type="log"), axis=alt.Axis(tickCount=5))
        case Quantity.UPDATE:
            y = alt.Y("value:Q", title=_TITLES[quantity], scale=alt.Scale(zero=False))
        case Quantity.SATURATED:
            y = alt.Y("value:Q", title=_TITLES[quantity], scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    x = alt.X("batch:Q", title="batch", scale=alt.Scale(nice=False))
    values = base.transform_filter("isValid(datum.value)")
    hints = tooltip("batch", "value", format=FOUR_DIGITS)
    line = values.mark_line(strokeWidth=1.5).encode(x=x, y=y, strokeDash=dash(series))
    points = values.mark_point(opacity=0, size=60).encode(x=x, y=y, tooltip=hints)
    left = (
        base.transform_filter("isValid(datum.left)")
        .mark_rule(strokeWidth=2, strokeDash=[2, 3])
        .encode(x=alt.X("left:Q"), tooltip=[alt.Tooltip("activation:N"), alt.Tooltip("left:Q", format="d")])
    )
    references = [reference(GOOD_UPDATE, "−3: each step changes a weight by a thousandth", inside=True)]
    return specification(left, line, points, *(references if quantity is Quantity.UPDATE else []), series=series)
