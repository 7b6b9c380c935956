"""The charts of a sweep with one band per arm, and a table of its results."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from hw5core.charts.bands import arm_groups, bin_width, epoch_bands, group_ends, loss_bands
from hw5core.charts.series import series_of
from hw5core.charts.sweeps import (
    loss_end,
    rates_chart,
    rows_of_rate,
    sweep_accuracy_chart,
    sweep_loss_chart,
    sweep_validation_chart,
)
from hw5core.charts.words import bands_in_words
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import plateau_rule
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.chart import draw_chart, draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.reading import Reading
from pages.parts.sweep.snapshot import SweepSnapshot

_TITLES = {
    "test_accuracy": "Test accuracy, every epoch",
    "validation_loss": "Validation loss, every epoch",
    "loss": "Training loss, every batch",
}

_PLATEAU = "batches before better than guessing"

_IN_A_ROW = 3
"""The number of charts in a row, one per learning rate."""


@dataclass(frozen=True)
class _Axes:
    """The ends of both loss axes, and the share of the most common digit once it is known."""

    commonest_share: float | None
    validation_loss: float
    loss: float


@dataclass(frozen=True)
class _Chart:
    """The heading of a chart in HTML, and its rows as they are sent."""

    heading: str
    rows: pa.Table


@dataclass(frozen=True)
class _Content:
    """The axes of all charts, the results of each arm, and the charts by column and learning rate."""

    axes: _Axes
    ends: pd.DataFrame
    charts: dict[tuple[str, float], _Chart]


def _content(snapshot: SweepSnapshot) -> _Content:
    return _content_of(snapshot.sweep, tuple(snapshot.runs.values()))


@lru_cache(maxsize=8)
def _content_of(sweep: Sweep, histories: tuple[RunHistory, ...]) -> _Content:
    """Compute the content once for all viewers, and again when a run has reported something."""
    runs = {run.run_id: run for run in histories}
    groups = arm_groups(sweep, runs)
    epochs, losses = epoch_bands(groups), loss_bands(groups, sweep.base.total_steps)
    tables = {"test_accuracy": epochs, "validation_loss": epochs, "loss": losses}
    charts = {
        (what, rate): _Chart(
            heading_html(_title(sweep, what, rate), bands_in_words(table[table.rate == rate], what)),
            rows_to_send(rows_of_rate(table, rate)),
        )
        for what, table in tables.items()
        for rate in sweep.learning_rates
    }
    share = next((run.started.commonest_share for run in histories if run.started), None)
    axes = _Axes(share, loss_end(epochs.validation_loss_highest), loss_end(losses.loss))
    return _Content(axes, group_ends(groups, epochs), charts)


def _title(sweep: Sweep, what: str, rate: float) -> str:
    return _TITLES[what] + (f": learning rate {rate:g}" if len(sweep.learning_rates) > 1 else "")


def charts_version(snapshot: SweepSnapshot) -> Hashable:
    """Return a value that changes when the charts or the errors above them have to be redrawn."""
    return snapshot.problems, _content(snapshot).axes


def curves(reading: Reading[SweepSnapshot]) -> None:
    """Draw the three charts once per learning rate, on the same axes, and keep them up to date."""
    sweep, axes = reading.value.sweep, _content(reading.value).axes
    series = series_of(sweep.configs.values())
    st.caption(_explanation(sweep))
    charts = {
        "test_accuracy": sweep_accuracy_chart(series, sweep.base.epochs, axes.commonest_share),
        "validation_loss": sweep_validation_chart(series, sweep.base.epochs, axes.validation_loss),
        # The axis shows all means. A spike of a single seed may leave it, so that the other curves stay readable.
        "loss": sweep_loss_chart(series, sweep.base.total_steps, axes.loss),
    }
    # The first two are in one row if there is only one learning rate.
    pair = st.columns(2) if len(sweep.learning_rates) == 1 else (st.container(), st.container())
    for place, (what, chart) in zip((*pair, st.container()), charts.items(), strict=True):
        with place:
            _by_rate(reading, what, chart)


def _explanation(sweep: Sweep) -> str:
    n, batches = len(sweep.seeds), bin_width(sweep.base.total_steps, len(sweep.arms))
    losses = "one batch" if batches == 1 else f"the mean of {batches:,} batches"
    return (
        f"A line is the mean of n = {n} seed{'s' * (n != 1)}. A band reaches from the lowest to the highest seed. "
        "Pale points are the mean of fewer seeds; point at one to see of how many. "
        f"Each point of the training loss is {losses} per seed."
    )


def _by_rate(reading: Reading[SweepSnapshot], what: str, chart: dict[str, Any]) -> None:
    """Draw one of the charts, once per learning rate."""
    sweep = reading.value.sweep
    rates = sweep.learning_rates
    for start in range(0, len(rates), _IN_A_ROW):
        for column, rate in zip(st.columns(min(_IN_A_ROW, len(rates))), rates[start:], strict=False):
            with column, reading.published(_chart, what, rate) as (heading, rows):
                draw_with_heading(heading, _title(sweep, what, rate), rows, chart, key=f"{what} at {rate:g}")


def _chart(snapshot: SweepSnapshot, what: str, rate: float) -> tuple[str, pa.Table]:
    """Return the heading and the rows of a chart."""
    chart = _content(snapshot).charts[what, rate]
    return chart.heading, chart.rows


def results(snapshot: SweepSnapshot) -> None:
    """Draw a table of the results of each arm and, for several learning rates, a chart of the accuracy over them."""
    sweep, table = snapshot.sweep, _content(snapshot).ends
    st.markdown(f"**Results** (mean, lowest and highest of n = {len(sweep.seeds)} seeds)")
    st.dataframe(_styled(table), hide_index=True, width="stretch", height="content", placeholder="–")
    st.caption(
        f"A network is better than guessing when {plateau_rule(sweep.base)}. A network that is not better yet counts "
        "with all its batches, and one that diverged before does not count."
    )
    for row in table[table.diverged > 0].itertuples():
        st.caption(
            f"{row.series} at {row.rate:g}: {row.diverged} of {row.of} seeds diverged, the first at batch "
            f"{row.diverged_at:,.0f}. A smaller learning rate may help. The charts leave out a loss that is not a "
            "finite number."
        )
    if len(sweep.learning_rates) > 1 and table.n.any():
        chart = rates_chart(series_of(sweep.configs.values()))
        rows = pd.concat([rows_of_rate(table, rate).iloc[1:] for rate in sweep.learning_rates])
        rows = rows[rows.n > 0]
        words = "; ".join(f"at {row.rate:g} {row.series} {row.test_accuracy:.1f} %" for row in rows.itertuples())
        draw_chart("Test accuracy over the learning rate, newest epoch", words, rows, chart, key="rates")


def _styled(table: pd.DataFrame) -> "pd.io.formats.style.Styler":
    """Return the table with its columns and numbers formatted."""
    columns = {
        "activation": table.series,
        "learning rate": table.rate.map("{:g}".format),
        "seeds": table.n.astype(str) + " of " + table.of.astype(str),
        "at epoch": table.epoch,
        "test accuracy": table.test_accuracy,
        "lowest": table.test_accuracy_lowest,
        "highest": table.test_accuracy_highest,
        "validation loss": table.validation_loss,
        _PLATEAU: table.plateau,
        "seconds per run": table.seconds,
    }
    written: dict[Any, Any] = {"validation loss": "{:.4f}", "seconds per run": "{:.1f}"}
    written |= dict.fromkeys(["test accuracy", "lowest", "highest"], "{:.2f} %")
    written |= dict.fromkeys(["at epoch", _PLATEAU], "{:,.0f}")
    return pd.DataFrame(columns).style.format(written)
