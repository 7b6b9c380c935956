"""A sweep's bands, drawn, and its last numbers in a table."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from hw5core.charts.bands import arm_ends, bin_width, epoch_bands, loss_bands
from hw5core.charts.sweeps import (
    loss_end,
    rates_chart,
    rows_of_rate,
    sweep_accuracy_chart,
    sweep_loss_chart,
    sweep_validation_chart,
)
from hw5core.charts.words import bands_in_words
from hw5core.errors import StoreError
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.chart import draw_chart, draw_under, heading_html, rows_to_send
from pages.parts.shared.push import pushed
from pages.parts.sweep.histories import Runs, histories, what_went_wrong

_TITLES = {
    "test_accuracy": "Test accuracy, every epoch",
    "validation_loss": "Validation loss, every epoch",
    "loss": "Training loss, every batch",
}

_IN_A_ROW = 3
"""Charts beside each other, one per learning rate."""


@dataclass(frozen=True)
class _Axes:
    """Where the axes of both losses end, and the share of the commonest digit, once it is known."""

    commonest_share: float | None
    validation_loss: float
    loss: float


@dataclass(frozen=True)
class _Drawn:
    """One chart at one moment: its heading in HTML and its rows, in the form in which they are sent."""

    heading: str
    rows: pa.Table


@dataclass(frozen=True)
class _Told:
    """A sweep at one moment: what its charts are built for, where each arm ends, and each chart by column and rate."""

    axes: _Axes
    ends: pd.DataFrame
    drawn: dict[tuple[str, float], _Drawn]


def _told(sweep: Sweep) -> _Told:
    runs = histories(sweep)
    moments = tuple((run_id, *run.moment) for run_id, run in runs.items())
    return _computed(tuple(sweep.run_ids.values()), moments, sweep, runs)


@st.cache_resource(show_spinner=False, max_entries=16)
def _computed(
    run_ids: tuple[str, ...],  # noqa: ARG001 (these two are what Streamlit finds it again by)
    moments: tuple[Any, ...],  # noqa: ARG001
    _sweep: Sweep,
    _runs: Runs,
) -> _Told:
    """Once for all who watch these runs, and anew when one of them has told something."""
    epochs, losses = epoch_bands(_sweep, _runs), loss_bands(_sweep, _runs)
    tables = {"test_accuracy": epochs, "validation_loss": epochs, "loss": losses}
    drawn = {
        (what, rate): _Drawn(
            heading_html(_title(_sweep, what, rate), bands_in_words(table[table.rate == rate], what)),
            rows_to_send(rows_of_rate(table, rate)),
        )
        for what, table in tables.items()
        for rate in _sweep.learning_rates
    }
    share = next((run.started.commonest_share for run in _runs.values() if run.started), None)
    axes = _Axes(share, loss_end(epochs.validation_loss_highest), loss_end(losses.loss))
    return _Told(axes, arm_ends(_sweep, _runs), drawn)


def _title(sweep: Sweep, what: str, rate: float) -> str:
    return _TITLES[what] + (f": learning rate {rate:g}" if len(sweep.learning_rates) > 1 else "")


def built_for(sweep: Sweep) -> Hashable:
    """What the charts, and the sentences above them, have to be drawn anew for."""
    wrong = what_went_wrong(sweep)
    try:
        return wrong, _told(sweep).axes
    except StoreError:
        return wrong


def curves(sweep: Sweep) -> None:
    """The three charts, each once per learning rate, on the same axes; kept up to date."""
    axes = _told(sweep).axes
    labels = tuple(dict.fromkeys(config.label for config in sweep.configs.values()))
    st.caption(_reading(sweep))
    drawn = {
        "test_accuracy": sweep_accuracy_chart(labels, sweep.base.epochs, axes.commonest_share),
        "validation_loss": sweep_validation_chart(labels, sweep.base.epochs, axes.validation_loss),
        # The means are in view; a single seed's spike may reach out of it, rather than press all else to the ground.
        "loss": sweep_loss_chart(labels, sweep.base.total_steps, axes.loss),
    }
    # Two beside each other where each is one chart, otherwise all below each other.
    pair = st.columns(2) if len(sweep.learning_rates) == 1 else (st.container(), st.container())
    for place, (what, chart) in zip((*pair, st.container()), drawn.items(), strict=True):
        with place:
            _by_rate(sweep, what, chart)


def _reading(sweep: Sweep) -> str:
    n = len(sweep.seeds)
    return (
        f"A line is the mean of n = {n} seed{'s' * (n != 1)}, a band reaches from the lowest to the highest of them. "
        "Where fewer have come so far, a point is pale, and says of how many it is the mean when you point at it. "
        f"Of the training loss, each seed gives the mean of {bin_width(sweep):,} batches to a point."
    )


def _by_rate(sweep: Sweep, what: str, chart: dict[str, Any]) -> None:
    """The chart, once per learning rate."""
    rates = sweep.learning_rates
    for start in range(0, len(rates), _IN_A_ROW):
        for column, rate in zip(st.columns(min(_IN_A_ROW, len(rates))), rates[start:], strict=False):
            with column, pushed(_shown, sweep, what, rate) as (heading, rows):
                draw_under(heading, _title(sweep, what, rate), rows, chart, key=f"{what} at {rate:g}")


def _shown(sweep: Sweep, what: str, rate: float) -> tuple[str, pa.Table]:
    """What this chart shows now: its heading and its rows."""
    drawn = _told(sweep).drawn[what, rate]
    return drawn.heading, drawn.rows


def ends(sweep: Sweep) -> None:
    """Each arm's last numbers, and accuracy over the learning rate where there are several."""
    table = _told(sweep).ends
    st.markdown(f"**What each came to** (mean, lowest and highest of n = {len(sweep.seeds)} seeds)")
    st.dataframe(_styled(table), hide_index=True, width="stretch", height="content", placeholder="–")
    for row in table[table.diverged > 0].itertuples():
        st.caption(
            f"{row.activation} at {row.rate:g}: the loss of {row.diverged} of {row.of} seeds is no longer a finite "
            "number. The learning rate was too high for it; no loss is drawn there."
        )
    if len(sweep.learning_rates) > 1 and table.n.any():
        labels = tuple(dict.fromkeys(config.label for config in sweep.configs.values()))
        rows = pd.concat([rows_of_rate(table, rate).iloc[1:] for rate in sweep.learning_rates])
        rows = rows[rows.n > 0]
        words = "; ".join(f"at {row.rate:g} {row.activation} {row.test_accuracy:.1f} %" for row in rows.itertuples())
        draw_chart(
            "Test accuracy over the learning rate, at the newest epoch", words, rows, rates_chart(labels), key="rates"
        )


def _styled(table: pd.DataFrame) -> "pd.io.formats.style.Styler":
    """The table as people read it."""
    columns = {
        "activation": table.activation,
        "learning rate": table.rate.map("{:g}".format),
        "seeds": table.n.astype(str) + " of " + table.of.astype(str),
        "at epoch": table.epoch,
        "test accuracy": table.test_accuracy,
        "lowest": table.test_accuracy_lowest,
        "highest": table.test_accuracy_highest,
        "validation loss": table.validation_loss,
        "batches on ln 10": table.plateau,
        "seconds a run": table.seconds,
    }
    written: dict[Any, Any] = {"validation loss": "{:.4f}", "seconds a run": "{:.1f}"}
    written |= dict.fromkeys(["test accuracy", "lowest", "highest"], "{:.2f} %")
    written |= dict.fromkeys(["at epoch", "batches on ln 10"], "{:,.0f}")
    return pd.DataFrame(columns).style.format(written)
