"""Two races, or two runs, beside each other: the settings in which they differ, and what each came to. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import (
    ROWS,
    UNIFORM_GUESS_LOSS,
    UNIFORM_GUESS_WORDS,
    colour,
    epoch_axis,
    legend,
    looks,
    reference,
    row_of_nothing,
    specification,
    tooltip,
)
from hw5core.charts.race import epoch_table
from hw5core.homework.findings import batches_on_plateau
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.catalogue import in_words
from hw5core.runs.config import SETTINGS, RunConfig, setting_fields
from hw5core.runs.history import RunHistory

SIDES = ("A", "B")

_SHAPES = (
    "circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left", "wedge"
)  # fmt: skip
"""One per activation: the dash says which side a line belongs to, so the points tell activations apart."""

_POINT_SIZE = 70

Side = Sequence[RunHistory]

_ENDS: dict[str, Callable[[RunHistory], float | None]] = {
    "test accuracy (%)": lambda run: run.epochs[-1].test_accuracy,
    "validation loss (nats)": lambda run: run.epochs[-1].validation_loss,
    "epochs": lambda run: len(run.epochs),
    "batches on ln 10": lambda run: batches_on_plateau(run.losses),
    "seconds": lambda run: run.seconds,
}
"""What two networks are compared by, once an epoch has ended."""


@dataclass(frozen=True)
class Difference:
    """A setting in which two sides differ, in words."""

    setting: str
    left: str
    right: str


def differences(left: Sequence[RunConfig], right: Sequence[RunConfig]) -> list[Difference]:
    """The settings that differ, in the order of their declaration. Each side's configs share all but the activation."""
    sides = [_settings(configs) for configs in (left, right)]
    return [
        Difference(SETTINGS[name].label, sides[0][name], sides[1][name])
        for name in sides[0]
        if sides[0][name] != sides[1][name]
    ]


def _settings(configs: Sequence[RunConfig]) -> dict[str, str]:
    config = configs[0]
    words = {declared.name: in_words(getattr(config, declared.name)) for declared in setting_fields()}
    words["activation"] = ", ".join(config.label for config in configs)
    # The network's own activations are the run's, and have just been named.
    words["network"] = str(config.architecture.with_activation("relu"))
    words["training_images"] = f"{config.images_per_epoch:,}"
    return words


def final_numbers(left: Side, right: Side) -> pd.DataFrame:
    """Columns network, what, A, B, "B - A": per pair of networks what each ended with, NaN for what there is not."""
    rows = [
        {"network": _pair_label(one, other), "what": what, SIDES[0]: _value(one, what), SIDES[1]: _value(other, what)}
        for one, other in _paired(left, right)
        for what in _ENDS
    ]
    table = pd.DataFrame(rows, columns=["network", "what", *SIDES])
    return table.assign(**{"B - A": table[SIDES[1]].astype(float) - table[SIDES[0]].astype(float)})


def _value(run: RunHistory | None, what: str) -> float | None:
    return _ENDS[what](run) if run and run.epochs else None


def _paired(left: Side, right: Side) -> list[tuple[RunHistory | None, RunHistory | None]]:
    """Networks of the same activation beside each other; two single runs in any case."""
    if len(left) == len(right) == 1:
        return list(zip_longest(left, right))
    found = [{run.config.activation: run for run in side} for side in (left, right)]
    return [(found[0].get(name), found[1].get(name)) for name in ACTIVATIONS if name in found[0] or name in found[1]]


def _pair_label(*pair: RunHistory | None) -> str:
    return " / ".join(dict.fromkeys(run.label for run in pair if run))


def pair_table(left: Side, right: Side) -> pd.DataFrame:
    """Columns activation, side, epoch, validation_loss, test_accuracy: one row per finished epoch of each run."""
    tables = [epoch_table(runs).dropna().assign(side=side) for side, runs in zip(SIDES, (left, right), strict=True)]
    return pd.concat([row_of_nothing("epoch", "validation_loss", "test_accuracy").assign(side=""), *tables])


@lru_cache
def pair_accuracy_chart(labels: tuple[str, ...], epochs: int) -> dict[str, Any]:
    """Test accuracy after each epoch of both sides, on one pair of axes."""
    return specification(*_lines(labels, epochs, "test_accuracy", "test accuracy (%)"))


@lru_cache
def pair_loss_chart(labels: tuple[str, ...], epochs: int) -> dict[str, Any]:
    """Validation loss after each epoch of both sides, on one pair of axes."""
    lines = _lines(labels, epochs, "validation_loss", "validation loss (nats)")
    return specification(*lines, reference(UNIFORM_GUESS_LOSS, UNIFORM_GUESS_WORDS))


def _lines(labels: tuple[str, ...], epochs: int, column: str, title: str) -> tuple[alt.Chart, alt.Chart]:
    shown = looks(labels)
    numbers = [list(ACTIVATIONS.values()).index(spec) for _, spec, _ in shown]
    shapes = alt.Scale(domain=[label for label, _, _ in shown], range=[_SHAPES[number] for number in numbers])
    dashes = alt.Scale(domain=list(SIDES), range=[[1, 0], [6, 4]])
    base = alt.Chart(ROWS).encode(
        x=epoch_axis(epochs),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False)),
        color=colour(labels, _POINT_SIZE),
    )
    # Below the chart: two legends beside each other do not fit on a telephone.
    which = alt.StrokeDash("side:N", scale=dashes, title=None, legend=legend(SIDES, orient="bottom"))
    line = base.mark_line().encode(detail="activation:N", strokeDash=which)
    hints = [alt.Tooltip("side:N"), *tooltip("epoch", column)]
    points = base.mark_point(filled=True, size=_POINT_SIZE, opacity=1).encode(
        shape=alt.Shape("activation:N", scale=shapes, title=None, legend=legend(labels, _POINT_SIZE)), tooltip=hints
    )
    return line, points
