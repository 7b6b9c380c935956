"""The view of a race while it trains, in two fragments that the server keeps up to date: the loss chart with the
scoreboard, and the details below. The fork page shows a fork and its parent in the same view.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache

import pyarrow as pa
import streamlit as st
from streamlit.errors import StreamlitAPIException

from hw5core.charts.race import epoch_table, test_accuracy_chart, validation_loss_chart
from hw5core.charts.words import test_accuracies_in_words, validation_losses_in_words
from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from pages.parts.shared.chart import draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.histories import details_version, read_histories
from pages.parts.shared.lecture import aside
from pages.parts.shared.loss_view import chosen_batch, loss_chart, view_controls
from pages.parts.shared.one_step import one_step
from pages.parts.shared.opened_batch import opened_batch
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS, published, subscribe_redraw
from pages.parts.shared.server import engine

_LIVE, _DETAILS = "live", "details"
_LOSSES, _ACCURACIES = "Validation loss, every epoch", "Test accuracy, every epoch"

Below = Callable[[tuple[RunConfig, ...], list[RunHistory]], None]
"""Draws what a page shows below the charts."""


def watch(configs: tuple[RunConfig, ...], below: Below, recorded: bool = False) -> None:
    """Draw the runs with their charts. With `recorded`, a race that has no run on this server is shown from the
    receipts that are shipped with the app."""
    chart = st.container()
    with aside("loss view"):
        view_controls(on_change=_redraw_chart)
    with chart:
        st.fragment(_draw_live, run_every=RECONNECT_SECONDS, key=_LIVE)(configs, recorded)
    st.fragment(_draw_details, key=_DETAILS)(configs, below, recorded)


def _redraw_chart() -> None:
    _redraw([_LIVE])


def _redraw_both() -> None:
    _redraw([_LIVE, _DETAILS])


def _redraw(fragments: list[str]) -> None:
    # While the settings are invalid the page has no fragments. Then the whole page is redrawn.
    with suppress(StreamlitAPIException):
        st.rerun(fragments)


def _draw_live(configs: tuple[RunConfig, ...], recorded: bool) -> None:
    """Draw the part that changes with every record."""
    try:
        loss_chart(configs, recorded, on_select=_redraw_both)
    except StoreError as error:
        st.error(plain(error))


def _draw_details(configs: tuple[RunConfig, ...], below: Below, recorded: bool) -> None:
    """Draw the part that changes when a step, an epoch or the race ends, or a batch is opened."""
    above = st.container()
    batch = chosen_batch(configs)
    subscribe_redraw(details_version, configs, batch)
    try:
        runs = read_histories(configs, recorded)
        with above:
            _draw_problems(runs)
            one_step(runs)
        if batch is not None and runs:
            opened_batch(batch, runs)
        _draw_epoch_charts(configs, runs, recorded)
        below(configs, runs)
    except LabError as error:
        st.error(plain(error))


def _draw_problems(runs: Sequence[RunHistory]) -> None:
    if any(not run.status.over for run in runs) and engine().trouble:
        st.error(plain(engine().trouble))
    for run in runs:
        if run.status is Status.FAILED:
            st.error(f"**{run.label}**: {plain(run.message)}")


def _draw_epoch_charts(configs: tuple[RunConfig, ...], runs: list[RunHistory], recorded: bool) -> None:
    labels, epochs = tuple(config.label for config in configs), max(config.epochs for config in configs)
    share = next((run.started.commonest_share for run in runs if run.started), None)
    validation, test = st.columns(2)
    with published(_epoch_charts, configs, recorded) as (losses, loss_rows, accuracies, accuracy_rows):
        with validation:
            chart = validation_loss_chart(labels, epochs)
            draw_with_heading(losses, _LOSSES, loss_rows, chart, key="validation loss")
        with test:
            chart = test_accuracy_chart(labels, epochs, share)
            draw_with_heading(accuracies, _ACCURACIES, accuracy_rows, chart, key="test accuracy")


def _epoch_charts(configs: tuple[RunConfig, ...], recorded: bool) -> tuple[str, pa.Table, str, pa.Table]:
    """Return the heading and the rows of both charts."""
    runs = read_histories(configs, recorded)
    return _epoch_charts_of(tuple(runs))


@lru_cache(maxsize=128)
def _epoch_charts_of(runs: tuple[RunHistory, ...]) -> tuple[str, pa.Table, str, pa.Table]:
    rows = rows_to_send(epoch_table(runs))
    losses = heading_html(_LOSSES, validation_losses_in_words(runs))
    return losses, rows, heading_html(_ACCURACIES, test_accuracies_in_words(runs)), rows
