"""The comparison of two races or runs, side by side: different settings, results, and charts with both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import (
    ROWS,
    colour,
    empty_row,
    epoch_axis,
    guess_lines,
    legend,
    specification,
    tooltip,
)
from hw5core.charts.race import epoch_table
from hw5core.charts.series import Series
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.catalogue import format_value
from hw5core.runs.config import SETTINGS, RunConfig, setting_fields
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learning_of

SIDES = ("A", "B")

_POINT_SIZE = 70

Side = Sequence[RunHistory]

_DIVERGED = "diverged at batch"

_RESULTS: dict[str, Callable[[RunHistory], float | None]] = {
    "test accuracy (%)": lambda history: history.epochs[-1].test_accuracy,
    "validation loss (nats)": lambda history: history.epochs[-1].validation_loss,
    "epochs": lambda history: len(history.epochs),
    "batches before better than guessing": lambda history: learning_of(history).plateau,
    _DIVERGED: lambda history: learning_of(history).diverged_at,
    "seconds": lambda history: history.seconds,
}
"""The results that are compared, for runs with at least one finished epoch. That of _DIVERGED is usually left out."""


@dataclass(frozen=True)
class Difference:
    """A setting that differs between two sides, with its values as texts."""

    setting: str
    left: str
    right: str


def differences(left: Sequence[RunConfig], right: Sequence[RunConfig]) -> list[Difference]:
    """Return the settings that differ. The configs of one side may differ only in their activation."""
    sides = [_settings(configs) for configs in (left, right)]
    return [
        Difference(SETTINGS[name].label, sides[0][name], sides[1][name])
        for name in sides[0]
        if sides[0][name] != sides[1][name]
    ]


def _settings(configs: Sequence[RunConfig]) -> dict[str, str]:
    config = configs[0]
    texts = {declared.name: format_value(getattr(config, declared.name)) for declared in setting_fields()}
    texts["activation"] = ", ".join(config.label for config in configs)
    # With the same activation on both sides, because the activations are listed separately.
    texts["network"] = str(config.architecture.with_activation("relu"))
    texts["training_images"] = f"{config.images_per_epoch:,}"
    return texts


def final_numbers(left: Side, right: Side) -> pd.DataFrame:
    """Return a row per pair of networks and result, with the columns network, what, A, B and "B - A".

    Missing results are NaN. The batch at which a network diverged is listed only if one of the pair did.
    """
    rows = [
        {"network": _pair_label(one, other), "what": what, SIDES[0]: _result(one, what), SIDES[1]: _result(other, what)}
        for one, other in _pairs(left, right)
        for what in _RESULTS
    ]
    rows = [row for row in rows if row["what"] != _DIVERGED or any(row[side] is not None for side in SIDES)]
    table = pd.DataFrame(rows, columns=["network", "what", *SIDES])
    return table.assign(**{"B - A": table[SIDES[1]].astype(float) - table[SIDES[0]].astype(float)})


def _result(history: RunHistory | None, what: str) -> float | None:
    return _RESULTS[what](history) if history and history.epochs else None


def _pairs(left: Side, right: Side) -> list[tuple[RunHistory | None, RunHistory | None]]:
    """Pair the networks with the same activation. Two single runs are a pair in any case."""
    if len(left) == len(right) == 1:
        return list(zip_longest(left, right))
    one, other = ({history.config.activation: history for history in side} for side in (left, right))
    return [(one.get(name), other.get(name)) for name in ACTIVATIONS if name in one or name in other]


def _pair_label(*pair: RunHistory | None) -> str:
    return " / ".join(dict.fromkeys(history.label for history in pair if history))


def pair_table(left: Side, right: Side) -> pd.DataFrame:
    """Return a row per run and finished epoch.

    The columns are activation, side, epoch, validation_loss and test_accuracy.
    """
    tables = [epoch_table(runs).dropna().assign(side=side) for side, runs in zip(SIDES, (left, right), strict=True)]
    return pd.concat([empty_row("epoch", "validation_loss", "test_accuracy").assign(side=""), *tables])


@lru_cache
def pair_accuracy_chart(series: tuple[Series, ...], epochs: int) -> dict[str, Any]:
    """Return the chart of the test accuracies of both sides after each epoch."""
    return specification(*_lines(series, epochs, "test_accuracy", "test accuracy (%)"))


@lru_cache
def pair_loss_chart(series: tuple[Series, ...], epochs: int) -> dict[str, Any]:
    """Return the chart of the validation losses of both sides after each epoch."""
    lines = _lines(series, epochs, "validation_loss", "validation loss (nats)")
    return specification(*lines, *guess_lines(series))


def _lines(series: tuple[Series, ...], epochs: int, column: str, title: str) -> tuple[alt.Chart, alt.Chart]:
    """Return lines, whose dash shows the side, and points, whose shape shows the activation."""
    labels = [one.label for one in series]
    shapes = alt.Scale(domain=labels, range=[one.shape for one in series])
    dashes = alt.Scale(domain=list(SIDES), range=[[1, 0], [6, 4]])
    base = alt.Chart(ROWS).encode(
        x=epoch_axis(epochs),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False)),
        color=colour(series, _POINT_SIZE),
    )
    # Below the chart, because two legends do not fit next to each other on a phone.
    side = alt.StrokeDash("side:N", scale=dashes, title=None, legend=legend(SIDES, orient="bottom"))
    line = base.mark_line().encode(detail="activation:N", strokeDash=side)
    hints = [alt.Tooltip("side:N"), *tooltip("epoch", column)]
    points = base.mark_point(filled=True, size=_POINT_SIZE, opacity=1).encode(
        shape=alt.Shape("activation:N", scale=shapes, title=None, legend=legend(labels, _POINT_SIZE)), tooltip=hints
    )
    return line, points
