"""The charts of a race, or of a run with its forks, and the tables for them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hw5core.charts.parts import (
    ENDS,
    GREY,
    LETTER,
    ROWS,
    WORDS,
    colour,
    dash,
    empty_row,
    epoch_axis,
    guess_lines,
    reference,
    specification,
    tooltip,
)
from hw5core.charts.series import Series, series_of
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory

MAX_POINTS = 500
"""Points per series in a live chart. More take time and show nothing new: each point has a band with the range."""

YOUNGEST_END = 50
"""The lowest end of the time axis, in batches. An axis that would have no length ends there."""

MAX_LINEAR_LOSS = 1_000.0
"""The largest loss, in nats, on a linear scale. A network that diverges may reach 1e30, and hide all other losses."""


class Axis(StrEnum):
    """The x axis of the training loss."""

    BATCHES = "batches"
    EPOCHS = "epochs"
    SECONDS = "seconds"


_AXIS_TITLES = {
    Axis.BATCHES: "batch (steps of SGD)",
    Axis.EPOCHS: "epoch (from 0)",
    Axis.SECONDS: "training time including evaluation (s)",
}

_END_PLACES: tuple[tuple[Literal["bottom", "top"], int], ...] = (("bottom", -8), ("top", 10))
"""Baseline and offset of the text at the end of the better line, which is above it, and of the other line."""


@dataclass(frozen=True)
class LossView:
    """How to draw the training loss: the x axis, the scale, and the number of batches in the moving mean (1: none)."""

    axis: Axis = Axis.BATCHES
    logarithmic: bool = False
    smoothing: int = 1


def training_loss_table(
    histories: Sequence[RunHistory], view: LossView = LossView(), zoom: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Return a row per series and bin of batches, with the columns series, x, loss, lowest, highest and batch.

    On a linear scale, losses above MAX_LINEAR_LOSS are left out. `loss` is the mean of the (smoothed) losses, `lowest`
    and `highest` are the range of the losses themselves, and `batch` is the bin's first batch. Bins depend only on the
    length of the run, so they stay the same while losses arrive. With `zoom` (from, to, in units of the axis) only
    these batches have rows, in finer bins, down to single batches. The first row has no loss: its x is the end of the
    axis.
    """
    bins = [(history.label, _binned_losses(history, view, zoom)) for history in histories]
    end = axis_end(histories, view.axis)
    ends = {"x": end if end > 0 else YOUNGEST_END}  # without a length, its label would be 0.000000
    # One DataFrame of complete columns: this happens several times a second, and small DataFrames are slow.
    columns = {
        name: np.concatenate([[ends.get(name, math.nan)], *(binned[name] for _, binned in bins)])
        for name in ("x", "loss", "lowest", "highest", "batch")
    }
    labels = chain([""], *(repeat(label, len(binned["x"])) for label, binned in bins))
    return pd.DataFrame({"series": list(labels), **columns})


def axis_end(histories: Sequence[RunHistory], axis: Axis) -> float:
    """Return the end of the axis: that of the longest run, or less while all runs are young. NaN before the first run.

    It doubles as the runs grow, so the axis stays still most of the time. The seconds end where the data ends.
    """
    if not histories:
        return math.nan
    if axis is Axis.SECONDS:
        return max(history.clock[-1][1] for history in histories)
    done = max(history.done for history in histories)
    end: float = max(history.config.total_steps for history in histories)
    while end / 2 >= max(done, YOUNGEST_END):
        end /= 2
    return end / histories[0].config.steps_per_epoch if axis is Axis.EPOCHS else end


def epoch_table(histories: Sequence[RunHistory]) -> pd.DataFrame:
    """Return a row per run and finished epoch, with the columns series, epoch, validation_loss and test_accuracy.

    The line of a fork starts at its parent's epoch, if the parent is among the histories.
    """
    starts = [_fork_start(history, histories) for history in histories if history.config.fork]
    return pd.concat([empty_row("epoch", "validation_loss", "test_accuracy"), *starts, *map(_epochs, histories)])


def _fork_start(fork: RunHistory, histories: Sequence[RunHistory]) -> pd.DataFrame:
    """Return the row of the parent's epoch at which the fork starts, under the fork's label; no row without parent."""
    start = fork.config.fork
    assert start is not None
    parent = next((history for history in histories if history.run_id == start.parent.run_id), None)
    rows = _epochs(parent) if parent else _epochs(fork).head(0)
    return rows[rows["epoch"] == start.epoch].assign(series=fork.label)


def _epochs(history: RunHistory) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series": history.label,
            "epoch": [float(result.epoch) for result in history.epochs],
            "validation_loss": [result.validation_loss for result in history.epochs],
            "test_accuracy": [result.test_accuracy for result in history.epochs],
        }
    )


def _binned_losses(
    history: RunHistory, view: LossView, zoom: tuple[float, float] | None
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Return the columns of one run, a value per bin."""
    losses = history.losses
    positions = _positions(history, view.axis)
    firsts = _bin_starts(history.config.total_steps, positions, zoom)
    last = np.searchsorted(positions, max(zoom)) if zoom else len(losses)
    counts = np.diff(firsts, append=last)
    losses = losses[:last]
    if not view.logarithmic:
        losses = np.where(losses <= MAX_LINEAR_LOSS, losses, np.nan)
    means = np.add.reduceat(moving_mean(losses, view.smoothing), firsts) / counts
    return {
        "x": (positions[firsts] + positions[firsts + counts - 1]) / 2,
        "loss": means,
        "lowest": np.minimum.reduceat(losses, firsts),
        "highest": np.maximum.reduceat(losses, firsts),
        "batch": history.first_step + firsts,
    }


def _positions(history: RunHistory, axis: Axis) -> NDArray[np.float64]:
    """Return the position of each batch on the axis. Seconds are interpolated between the run's reports."""
    numbers = history.first_step + np.arange(len(history.losses), dtype=float)
    match axis:
        case Axis.BATCHES:
            return numbers
        case Axis.EPOCHS:
            return numbers / history.config.steps_per_epoch
        case Axis.SECONDS:
            steps, seconds = zip(*history.clock, strict=True)
            return np.interp(numbers, steps, seconds)


def batches_per_point(batches: int) -> int:
    """Return how many batches each point of a curve stands for, if the curve shows so many batches."""
    return max(1, -(-batches // MAX_POINTS))


def _bin_starts(
    total_steps: int, positions: NDArray[np.float64], zoom: tuple[float, float] | None
) -> NDArray[np.int64]:
    """Return the first batch of each bin: bins over the whole run, or finer ones inside the zoom."""
    if zoom is None:
        return np.arange(0, len(positions), batches_per_point(total_steps))
    low, high = np.searchsorted(positions, sorted(zoom))
    return np.arange(low, high, batches_per_point(high - low))


def moving_mean(losses: NDArray[np.float64], batches: int) -> NDArray[np.float64]:
    """Return for each batch the mean loss of the last `batches` batches up to it, or of all if there are fewer."""
    if batches <= 1:
        return losses
    # The sum of a window is that of the end of one block and the beginning of the next. Differences of running sums
    # would be wrong after a loss that is much larger than all others.
    padded = np.concatenate([np.zeros(batches), losses, np.zeros(-len(losses) % batches)]).reshape(-1, batches)
    beginnings = np.cumsum(padded, axis=1).ravel()[batches:]
    ends = np.cumsum(padded[:, ::-1], axis=1)[:, ::-1].ravel()
    numbers = np.arange(1, len(losses) + 1)
    ends_before = np.where(numbers % batches, ends[1 : len(losses) + 1], 0.0)
    return (beginnings[: len(losses)] + ends_before) / np.minimum(numbers, batches)


@lru_cache
def training_loss_chart(
    configs: tuple[RunConfig, ...], view: LossView, zoom: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Return the chart of the training loss: a line of the bins' means, and a band of their ranges.

    It has two selections: "zoom", the part of the axis over which the pointer was dragged, and "picked", the batch
    nearest to a click. The wheel is left to the page. Without `zoom` (from, to) the axis ends where the table says, so
    that it follows a young run without a new chart.
    """
    series = series_of(configs)
    x_scale = alt.Scale(domain=list(zoom), nice=False) if zoom else alt.Scale(zero=True, nice=False)
    y_scale = alt.Scale(type="log") if view.logarithmic else alt.Scale(zero=True)
    base = alt.Chart(ROWS).encode(x=alt.X("x:Q", title=_AXIS_TITLES[view.axis], scale=x_scale), color=colour(series))
    band = base.mark_area(opacity=0.2, clip=True).encode(
        y=alt.Y("lowest:Q", title="training loss (nats)", scale=y_scale), y2="highest:Q"
    )
    line = base.mark_line(clip=True).encode(
        y="loss:Q", strokeDash=dash(series), tooltip=tooltip("batch", "loss", "lowest", "highest")
    )
    dragged = alt.selection_interval(name="zoom", encodings=["x"], translate=False, zoom=False)
    picked = alt.selection_point(name="picked", nearest=True, on="click", fields=["batch"])
    # Only points have a nearest one to a click, so the line has invisible points.
    points = base.mark_point(opacity=0, clip=True).encode(y="loss:Q").add_params(picked)
    references = [*guess_lines(series, inside=True), *_fork_marks(configs, view.axis)]
    return specification(band.add_params(dragged), line, points, *references, series=series)


def _fork_marks(configs: tuple[RunConfig, ...], axis: Axis) -> list[alt.LayerChart | alt.Chart]:
    """Return vertical lines where forks start, the first one with a text. Over seconds there are none."""
    steps = [config.first_step for config in configs if config.fork]
    if not steps or axis is Axis.SECONDS:
        return []
    unit = configs[0].steps_per_epoch if axis is Axis.EPOCHS else 1
    base = alt.Chart(ROWS).transform_aggregate(rows="count()")
    first, *others = (
        base.encode(x=alt.datum(step / unit)).mark_rule(color=GREY, size=1.5, clip=True) for step in sorted(set(steps))
    )
    text = "forks start" if len(steps) > 1 else "fork starts"
    # On the left, where only the parent's curve is; on the right if the left is too narrow; on a phone not at all.
    fits = f"scale('x', {min(steps) / unit}) > {len(text) + 2} * {LETTER}"
    words = first.mark_text(
        align=alt.ExprRef(f"{fits} ? 'right' : 'left'"),
        dx=alt.ExprRef(f"{fits} ? -5 : 5"),
        opacity=alt.ExprRef(f"{fits} || width > 450 ? 1 : 0"),
        dy=-4,
        baseline="bottom",
        color=GREY,
        style=WORDS,
        clip=True,
    )
    return [first + words.encode(y=alt.value("height"), text=alt.value(text)), *others]


@lru_cache
def validation_loss_chart(series: tuple[Series, ...], epochs: int) -> dict[str, Any]:
    """Return the chart of the validation loss after each epoch."""
    lines = _by_epoch(series, epochs, "validation_loss", "validation loss (nats)")
    return specification(lines, *guess_lines(series), series=series)


@lru_cache
def test_accuracy_chart(series: tuple[Series, ...], epochs: int, commonest_share: float | None) -> dict[str, Any]:
    """Return the chart of the test accuracy after each epoch.

    `commonest_share` is the percentage of the most common class in the test images, or None as long as it is unknown.
    """
    # Space above 100 for the text at the end of a line.
    scale, axis = alt.Scale(domain=[0, 112], nice=False), alt.Axis(values=[0, 20, 40, 60, 80, 100], labelOverlap=False)
    lines = _by_epoch(series, epochs, "test_accuracy", "test accuracy (%)", scale, axis)
    labelled = [lines, *_end_labels(series, epochs)] if len(series) == len(_END_PLACES) else [lines]
    if commonest_share is None:
        return specification(*labelled, series=series)
    text = f"{commonest_share:.1f} %: always guessing the most common class"
    return specification(*labelled, reference(commonest_share, text), series=series)


def _by_epoch(
    series: tuple[Series, ...],
    epochs: int,
    column: str,
    title: str,
    scale: alt.Scale | None = None,
    axis: alt.Axis | None = None,
) -> alt.Chart:
    return (
        alt.Chart(ROWS)
        .mark_line(point=True)
        .encode(
            x=epoch_axis(epochs),
            y=alt.Y(f"{column}:Q", title=title, scale=scale or alt.Undefined, axis=axis or alt.Undefined),
            color=colour(series),
            strokeDash=dash(series),
            tooltip=tooltip("epoch", column),
        )
    )


def _end_labels(series: tuple[Series, ...], epochs: int) -> list[alt.Chart]:
    """Return the texts at the ends of two lines: the short label and the value.

    They never overlap: that of the better line is above it, and the other below. They are to the right of the end in
    the first half of the chart, and to the left in the second.
    """
    short_labels = json.dumps({one.label: one.short_label for one in series})
    ends = (
        alt.Chart(ROWS)
        .transform_filter("isValid(datum.epoch)")
        .transform_joinaggregate(end="max(epoch)", groupby=["series"])
        .transform_filter("datum.epoch === datum.end")
        .transform_window(place="row_number()", sort=[alt.SortField("test_accuracy", order="descending")])
        .transform_calculate(words=f"{short_labels}[datum.series] + ' ' + format(datum.test_accuracy, '.1f') + ' %'")
        .encode(x=epoch_axis(epochs), y="test_accuracy:Q", text="words:N", color=colour(series))
    )
    middle = (epochs - 1) / 2
    sides: tuple[tuple[str, Literal["left", "right"]], ...] = (
        (f"datum.epoch <= {middle}", "left"),
        (f"datum.epoch > {middle}", "right"),
    )
    return [
        ends.transform_filter(f"datum.place === {place} && {side}").mark_text(
            align=align, baseline=baseline, dy=dy, style=ENDS
        )
        for side, align in sides
        for place, (baseline, dy) in enumerate(_END_PLACES, start=1)
    ]


@lru_cache
def guesses_chart(lead: float, question: str) -> dict[str, Any]:
    """Return a histogram of the guessed leads (column lead, in points), with a line at the true lead."""
    bars = (
        alt.Chart(ROWS)
        .mark_bar(color=GREY)
        .encode(
            x=alt.X("lead:Q", bin=alt.Bin(step=10, extent=[-100, 100]), title=question),
            y=alt.Y("count()", title="guesses", axis=alt.Axis(tickMinStep=1, format="d")),
            tooltip=[alt.Tooltip("count()", title="guesses", format="d")],
        )
    )
    base = alt.Chart(ROWS).transform_aggregate(rows="count()").encode(x=alt.datum(lead))
    rule = base.mark_rule(color=ACTIVATIONS["relu"].colour, size=3)
    words = base.mark_text(align="left", baseline="top", dx=6, style=WORDS, color=ACTIVATIONS["relu"].colour)
    return specification(bars, rule, words.encode(y=alt.value(4), text=alt.value(f"result {lead:+.1f}")))
