"""From runs to altair charts. A chart is built once, without data, and drawn as a Vega-Lite specification; the tables
that fill it come from the functions beside it. Pure functions, no page, no torch.

A table names the activation by its label, and every chart gives that label the same colour and dash.
"""

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
    UNIFORM_GUESS_LOSS,
    UNIFORM_GUESS_WORDS,
    WORDS,
    colour,
    dash,
    epoch_axis,
    reference,
    row_of_nothing,
    specification,
    tooltip,
)
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory

MAX_POINTS = 500
"""Points per series on a live chart: more cost time and show nothing, since each keeps its bin's range as a band."""


class Axis(StrEnum):
    """What the training loss is drawn over."""

    BATCHES = "batches"
    EPOCHS = "epochs"
    SECONDS = "seconds"


_PLACES: tuple[tuple[Literal["bottom", "top"], int], ...] = (("bottom", -8), ("top", 10))
"""Where the words at the end of the best and of the second line stand: their baseline, and how far from the end."""

_AXIS_TITLES = {
    Axis.BATCHES: "batch (steps of SGD)",
    Axis.EPOCHS: "epoch (from 0)",
    Axis.SECONDS: "seconds of training, evaluation included",
}


@dataclass(frozen=True)
class LossView:
    """How the training loss is drawn: over what, on which scale, as the mean of how many batches before each point
    (1 draws the losses as they are)."""

    axis: Axis = Axis.BATCHES
    logarithmic: bool = False
    smoothing: int = 1


def training_loss_table(
    runs: Sequence[RunHistory], view: LossView = LossView(), zoom: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Columns activation, x, loss, lowest, highest, batch: per bin of batches the mean of the (smoothed) losses, the
    range of the losses themselves, and the number of its first batch.

    The bins depend on the run's length alone, so they stay where they are while losses arrive; inside `zoom` (from, to,
    in the axis's unit) there are as many bins again, down to single batches.
    """
    bins = [(run.label, _binned_losses(run, view, zoom)) for run in runs]
    # Put together before it is a table: this is done several times a second, and a table takes longer than its numbers.
    columns = {
        name: np.concatenate([[math.nan], *(binned[name] for _, binned in bins)])
        for name in ("x", "loss", "lowest", "highest", "batch")
    }
    labels = chain([""], *(repeat(label, len(binned["x"])) for label, binned in bins))
    return pd.DataFrame({"activation": list(labels), **columns})


def epoch_table(runs: Sequence[RunHistory]) -> pd.DataFrame:
    """Columns activation, epoch, validation_loss, test_accuracy: one row per finished epoch of each run. A branch's
    line begins where it leaves its run's, if that is among them."""
    leaves = [_leave(run, runs) for run in runs if run.config.fork]
    return pd.concat([row_of_nothing("epoch", "validation_loss", "test_accuracy"), *leaves, *map(_epochs, runs)])


@lru_cache
def training_loss_chart(configs: tuple[RunConfig, ...], view: LossView) -> dict[str, Any]:
    """Training loss: the mean of each bin as a line, its range as a band. Wheel and drag zoom ("zoom"), a click picks
    the nearest batch ("picked")."""
    labels, longest = tuple(config.label for config in configs), max(configs, key=lambda config: config.total_steps)
    end = {Axis.BATCHES: longest.total_steps, Axis.EPOCHS: longest.epochs}.get(view.axis)
    x_scale = alt.Scale(domain=[0, end], nice=False) if end else alt.Scale(zero=True, nice=False)
    y_scale = alt.Scale(type="log") if view.logarithmic else alt.Scale(zero=True)
    base = alt.Chart(ROWS).encode(x=alt.X("x:Q", title=_AXIS_TITLES[view.axis], scale=x_scale), color=colour(labels))
    band = base.mark_area(opacity=0.2, clip=True).encode(
        y=alt.Y("lowest:Q", title="training loss (nats)", scale=y_scale), y2="highest:Q"
    )
    line = base.mark_line(clip=True).encode(
        y="loss:Q", strokeDash=dash(labels), tooltip=tooltip("batch", "loss", "lowest", "highest")
    )
    zoom = alt.selection_interval(name="zoom", bind="scales", encodings=["x"])
    picked = alt.selection_point(name="picked", nearest=True, on="click", fields=["batch"])
    guess = reference(UNIFORM_GUESS_LOSS, UNIFORM_GUESS_WORDS, inside=True)
    # Only marks that are points have a nearest one, so the line's are there, unseen, to be clicked.
    points = base.mark_point(opacity=0, clip=True).encode(y="loss:Q").add_params(picked)
    return specification(band.add_params(zoom), line, points, guess, *_fork_marks(configs, view.axis), labels=labels)


def _fork_marks(configs: tuple[RunConfig, ...], axis: Axis) -> list[alt.LayerChart | alt.Chart]:
    """An upright line wherever branches leave their run, the first one with words; none over seconds, which branches
    do not know."""
    steps = [config.first_step for config in configs if config.fork]
    if not steps or axis is Axis.SECONDS:
        return []
    unit = configs[0].steps_per_epoch if axis is Axis.EPOCHS else 1
    first, *others = (_fork_rule(step / unit) for step in sorted(set(steps)))
    text = "branches begin" if len(steps) > 1 else "the branch begins"
    # On its left, where no curve but the run's is; where there is no room, on its right, but on no telephone.
    room = f"scale('x', {min(steps) / unit}) > {len(text) + 2} * {LETTER}"
    words = first.mark_text(
        align=alt.ExprRef(f"{room} ? 'right' : 'left'"),
        dx=alt.ExprRef(f"{room} ? -5 : 5"),
        opacity=alt.ExprRef(f"{room} || width > 450 ? 1 : 0"),
        dy=-4,
        baseline="bottom",
        color=GREY,
        style=WORDS,
        clip=True,
    )
    return [first + words.encode(y=alt.value("height"), text=alt.value(text)), *others]


def _fork_rule(place: float) -> alt.Chart:
    at = alt.Chart(ROWS).transform_aggregate(rows="count()").encode(x=alt.datum(place))
    return at.mark_rule(color=GREY, size=1.5, clip=True)


@lru_cache
def validation_loss_chart(labels: tuple[str, ...], epochs: int) -> dict[str, Any]:
    """Validation loss after each epoch."""
    lines = _by_epoch(labels, epochs, "validation_loss", "validation loss (nats)")
    return specification(lines, reference(UNIFORM_GUESS_LOSS, UNIFORM_GUESS_WORDS), labels=labels)


@lru_cache
def test_accuracy_chart(labels: tuple[str, ...], epochs: int, commonest_share: float | None) -> dict[str, Any]:
    """Test accuracy after each epoch and, once the test images are known, the share of the commonest class (percent):
    what always naming it would reach."""
    # Room above 100 for the words at the end of a line that is nearly there.
    scale, axis = alt.Scale(domain=[0, 112], nice=False), alt.Axis(values=[0, 20, 40, 60, 80, 100], labelOverlap=False)
    lines = _by_epoch(labels, epochs, "test_accuracy", "test accuracy (%)", scale, axis)
    named = [lines, *_ends(labels, epochs)] if len(labels) == len(_PLACES) else [lines]
    if commonest_share is None:
        return specification(*named, labels=labels)
    text = f"{commonest_share:.1f} %: always naming the commonest class"
    return specification(*named, reference(commonest_share, text), labels=labels)


@lru_cache
def guesses_chart(lead: float, question: str) -> dict[str, Any]:
    """How many guessed which lead (columns lead, in points), in bins of ten, and what it came to."""
    bars = (
        alt.Chart(ROWS)
        .mark_bar(color=GREY)
        .encode(
            x=alt.X("lead:Q", bin=alt.Bin(step=10, extent=[-100, 100]), title=question),
            y=alt.Y("count()", title="guesses", axis=alt.Axis(tickMinStep=1, format="d")),
            tooltip=[alt.Tooltip("count()", title="guesses")],
        )
    )
    came_to = alt.Chart(ROWS).transform_aggregate(rows="count()").encode(x=alt.datum(lead))
    rule = came_to.mark_rule(color=ACTIVATIONS["relu"].colour, size=3)
    words = came_to.mark_text(align="left", baseline="top", dx=6, style=WORDS, color=ACTIVATIONS["relu"].colour)
    return specification(bars, rule, words.encode(y=alt.value(4), text=alt.value(f"it came to {lead:+.1f}")))


def _leave(branch: RunHistory, runs: Sequence[RunHistory]) -> pd.DataFrame:
    """The row of the run's epoch that a branch goes on from, as the branch's own; none if the run is not there."""
    fork = branch.config.fork
    assert fork is not None
    parent = next((run for run in runs if run.run_id == fork.parent.run_id), None)
    rows = _epochs(parent) if parent else _epochs(branch).head(0)
    return rows[rows["epoch"] == fork.epoch].assign(activation=branch.label)


def _epochs(history: RunHistory) -> pd.DataFrame:
    epochs = history.epochs
    return pd.DataFrame(
        {
            "activation": history.label,
            "epoch": [float(result.epoch) for result in epochs],
            "validation_loss": [result.validation_loss for result in epochs],
            "test_accuracy": [result.test_accuracy for result in epochs],
        }
    )


def _binned_losses(
    history: RunHistory, view: LossView, zoom: tuple[float, float] | None
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """The columns of one run, a value per bin."""
    losses = history.losses
    positions = _positions(history, view.axis, len(losses))
    firsts = _bin_starts(history.config.total_steps, positions, zoom)
    counts = np.diff(firsts, append=len(losses))
    means = np.add.reduceat(_smoothed(losses, view.smoothing), firsts) / counts
    return {
        "x": (positions[firsts] + positions[firsts + counts - 1]) / 2,
        "loss": means,
        "lowest": np.minimum.reduceat(losses, firsts),
        "highest": np.maximum.reduceat(losses, firsts),
        "batch": history.first_step + firsts,
    }


def _positions(history: RunHistory, axis: Axis, batches: int) -> NDArray[np.float64]:
    """Where each batch lies on the axis; seconds are interpolated between the run's reports."""
    numbers = history.first_step + np.arange(batches, dtype=float)
    if axis is Axis.EPOCHS:
        return numbers / history.config.steps_per_epoch
    if axis is Axis.SECONDS:
        steps, seconds = zip(*history.clock, strict=True)
        return np.interp(numbers, steps, seconds)
    return numbers


def _bin_starts(
    total_steps: int, positions: NDArray[np.float64], zoom: tuple[float, float] | None
) -> NDArray[np.int64]:
    """The first batch of each bin: coarse bins over the whole run and, where one has zoomed in, fine ones."""
    coarse = np.arange(0, len(positions), -(-total_steps // MAX_POINTS))
    if zoom is None:
        return coarse
    low, high = np.searchsorted(positions, sorted(zoom))
    fine = np.arange(low, high, max(1, -(-(high - low) // MAX_POINTS)))
    outside = coarse[(coarse < low) | (coarse >= high)]
    # The end of the zoomed part begins a bin too: its last batch is not thrown together with those behind it.
    behind = [high] if high < len(positions) else []
    return np.concatenate([outside[outside < low], fine, np.union1d(behind, outside[outside >= high])]).astype(int)


def _smoothed(losses: NDArray[np.float64], batches: int) -> NDArray[np.float64]:
    """For each batch the mean of the losses of the last so many batches, itself included; fewer at the beginning."""
    if batches <= 1:
        return losses
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    ends = np.arange(1, len(losses) + 1)
    starts = np.maximum(0, ends - batches)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _by_epoch(
    labels: tuple[str, ...],
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
            color=colour(labels),
            strokeDash=dash(labels),
            tooltip=tooltip("epoch", column),
        )
    )


def _ends(labels: tuple[str, ...], epochs: int) -> list[alt.Chart]:
    """At the end of each line its name, of a branch's the part that tells it from its run, and its value: above the
    better one, below the other, so that they never meet; to the left of the end once it has passed the middle."""
    ends = (
        alt.Chart(ROWS)
        .transform_filter("isValid(datum.epoch)")
        .transform_joinaggregate(end="max(epoch)", groupby=["activation"])
        .transform_filter("datum.epoch === datum.end")
        .transform_window(place="row_number()", sort=[alt.SortField("test_accuracy", order="descending")])
        .transform_calculate(
            words="join(split(datum.activation, ', ', 2), ', ') + ' ' + format(datum.test_accuracy, '.1f') + ' %'"
        )
        .encode(x=epoch_axis(epochs), y="test_accuracy:Q", text="words:N", color=colour(labels))
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
        for place, (baseline, dy) in enumerate(_PLACES, start=1)
    ]
