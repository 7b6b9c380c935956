"""The view of a race while it trains, in three fragments that the server keeps up to date: the loss chart with the
scoreboard, the batch next to it, and the details below. The fork page shows a fork and its parent in the same view.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

import pyarrow as pa
import streamlit as st
from streamlit.errors import StreamlitAPIException

from hw5core.charts.race import epoch_table, test_accuracy_chart, validation_loss_chart
from hw5core.charts.series import series_of
from hw5core.charts.words import guess_line_in_words, test_accuracies_in_words, validation_losses_in_words
from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from pages.parts.shared.chart import draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.lecture import aside
from pages.parts.shared.loss_view import chosen_batch, loss_chart, view_controls
from pages.parts.shared.one_step import one_step, stepped_batches
from pages.parts.shared.opened_batch import opened_batch
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.race_snapshot import RaceSnapshot, batch_version, details_version
from pages.parts.shared.reading import Reading
from pages.parts.shared.streamlit_internals import DeltaGenerator

_LIVE, _BATCH, _DETAILS = "live", "batch", "details"
_LOSSES, _ACCURACIES = "Validation loss, every epoch", "Test accuracy, every epoch"

Below = Callable[[Reading[RaceSnapshot]], None]
"""Draws what a page shows below the charts."""


def watch(configs: tuple[RunConfig, ...], reading: Reading[RaceSnapshot], beside: DeltaGenerator, below: Below) -> None:
    """Draw the runs with their charts, and keep them up to date. The batch that a click opens is drawn in `beside`."""
    chart = st.container()
    with aside("loss view"):
        view_controls(configs, on_change=_redraw_chart)
    with chart:
        st.fragment(_draw_live, run_every=RECONNECT_SECONDS, key=_LIVE)(configs, reading)
    with beside:
        st.fragment(_draw_batch, key=_BATCH)(configs, reading)
    st.fragment(_draw_details, key=_DETAILS)(reading, below)


def _redraw_chart() -> None:
    _redraw([_LIVE])


def _redraw_both() -> None:
    _redraw([_LIVE, _BATCH])


def _redraw(fragments: list[str]) -> None:
    # While the settings are invalid the page has no fragments. Then the whole page is redrawn.
    with suppress(StreamlitAPIException):
        st.rerun(fragments)


def _draw_live(configs: tuple[RunConfig, ...], reading: Reading[RaceSnapshot]) -> None:
    """Draw the part that changes with every record."""
    try:
        loss_chart(configs, reading.in_fragment(_LIVE), on_select=_redraw_both)
    except StoreError as error:
        st.error(plain(error))


def _draw_batch(configs: tuple[RunConfig, ...], reading: Reading[RaceSnapshot]) -> None:
    """Draw the batch that was trained as a single step, and the batch that was opened."""
    batch = chosen_batch(configs)
    reading = reading.in_fragment(_BATCH)
    reading.subscribe_redraw(batch_version, batch)
    try:
        runs = reading.value.runs
        stepped_batches(runs)
        if batch is not None and runs:
            opened_batch(batch, runs)
    except LabError as error:
        st.error(plain(error))


def _draw_details(reading: Reading[RaceSnapshot], below: Below) -> None:
    """Draw the part that changes when a step, an epoch or the race ends."""
    reading = reading.in_fragment(_DETAILS)
    reading.subscribe_redraw(details_version)
    try:
        race = reading.value
        if race.active and race.trouble:
            st.error(plain(race.trouble))
        one_step(race.runs)
        _draw_epoch_charts(reading)
        below(reading)
    except LabError as error:
        st.error(plain(error))


def _draw_epoch_charts(reading: Reading[RaceSnapshot]) -> None:
    race = reading.value
    series, epochs = series_of(race.configs), max(config.epochs for config in race.configs)
    share = next((run.started.commonest_share for run in race.runs if run.started), None)
    validation, test = st.columns(2)
    with reading.published(_epoch_charts) as (losses, loss_rows, accuracies, accuracy_rows):
        with validation:
            chart = validation_loss_chart(series, epochs)
            draw_with_heading(losses, _LOSSES, loss_rows, chart, key="validation loss")
        with test:
            chart = test_accuracy_chart(series, epochs, share)
            draw_with_heading(accuracies, _ACCURACIES, accuracy_rows, chart, key="test accuracy")


@lru_cache(maxsize=64)
def _epoch_charts(race: RaceSnapshot) -> tuple[str, pa.Table, str, pa.Table]:
    """Return the heading and the rows of both charts, made once for all viewers."""
    rows = rows_to_send(epoch_table(race.runs))
    words = f"{validation_losses_in_words(race.runs)} {guess_line_in_words(race.runs)}".strip()
    losses = heading_html(_LOSSES, words)
    return losses, rows, heading_html(_ACCURACIES, test_accuracies_in_words(race.runs)), rows
