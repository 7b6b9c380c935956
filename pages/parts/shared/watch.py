"""The race as it is now, in two parts, each drawn without the rest of the page: its curves, and what is to be said of
steps, epochs and the end. The server keeps both up to date. A branch is watched beside the run it comes from in the
same way.
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
from pages.parts.shared.chart import draw_under, heading_html, rows_to_send
from pages.parts.shared.histories import histories, what_has_ended
from pages.parts.shared.lecture import aside
from pages.parts.shared.loss_view import chosen_batch, loss_chart, view_controls
from pages.parts.shared.one_step import one_step
from pages.parts.shared.opened_batch import opened_batch
from pages.parts.shared.plain_words import plain
from pages.parts.shared.push import ASKS_SECONDS, pushed, redraw_on_change
from pages.parts.shared.server import engine

_LIVE, _TOLD = "live", "told"
_LOSSES, _ACCURACIES = "Validation loss, every epoch", "Test accuracy, every epoch"

_Below = Callable[[tuple[RunConfig, ...], list[RunHistory]], None]
"""What a page says of the runs below their charts."""


def watch(configs: tuple[RunConfig, ...], below: _Below, recorded: bool = False) -> None:
    """Draw the race, and what is shipped as `recorded` of one that nobody has begun here."""
    curve = st.container()
    with aside("loss view"):
        view_controls(on_change=_draw_anew)
    with curve:
        st.fragment(_show_live, run_every=ASKS_SECONDS, key=_LIVE)(configs, recorded)
    st.fragment(_show_told, key=_TOLD)(configs, below, recorded)


def _draw_anew() -> None:
    _draw([_LIVE])


def _open_picked() -> None:
    _draw([_LIVE, _TOLD])


def _draw(parts: list[str]) -> None:
    """These alone; the whole page if it has none of them, because its settings could not be trained just now."""
    with suppress(StreamlitAPIException):
        st.rerun(parts)


def _show_live(configs: tuple[RunConfig, ...], recorded: bool) -> None:
    """What changes with every report."""
    try:
        loss_chart(configs, recorded, on_pick=_open_picked)
    except StoreError as error:
        st.error(plain(error))


def _show_told(configs: tuple[RunConfig, ...], below: _Below, recorded: bool) -> None:
    """What changes when a step, an epoch or the race has ended, or a batch is opened."""
    above = st.container()
    batch = chosen_batch(configs)
    redraw_on_change(what_has_ended, configs, batch)
    try:
        runs = histories(configs, recorded)
        with above:
            _troubles(runs)
            one_step(runs)
        if batch is not None and runs:
            opened_batch(batch, runs)
        _epoch_charts(configs, runs, recorded)
        below(configs, runs)
    except LabError as error:
        st.error(plain(error))


def _troubles(runs: Sequence[RunHistory]) -> None:
    if any(not run.run.status.over for run in runs) and engine().trouble:
        st.error(plain(engine().trouble))
    for run in runs:
        if run.run.status is Status.FAILED:
            st.error(f"**{run.run.config.label}**: {plain(run.run.message)}")


def _epoch_charts(configs: tuple[RunConfig, ...], runs: list[RunHistory], recorded: bool) -> None:
    labels, epochs = tuple(config.label for config in configs), max(config.epochs for config in configs)
    share = next((run.started.commonest_share for run in runs if run.started), None)
    validation, test = st.columns(2)
    with pushed(_epochs, configs, recorded) as (losses, loss_rows, accuracies, accuracy_rows):
        with validation:
            chart = validation_loss_chart(labels, epochs)
            draw_under(losses, _LOSSES, loss_rows, chart, key="validation loss")
        with test:
            chart = test_accuracy_chart(labels, epochs, share)
            draw_under(accuracies, _ACCURACIES, accuracy_rows, chart, key="test accuracy")


def _epochs(configs: tuple[RunConfig, ...], recorded: bool) -> tuple[str, pa.Table, str, pa.Table]:
    """What both charts show now: their headings and their rows, in the form in which they are sent."""
    runs = histories(configs, recorded)
    return _shown(tuple(runs), tuple(len(run.epochs) for run in runs))


@lru_cache(maxsize=128)
def _shown(
    runs: tuple[RunHistory, ...],
    epochs: tuple[int, ...],  # noqa: ARG001  what the cache goes by, since the runs themselves go on changing
) -> tuple[str, pa.Table, str, pa.Table]:
    """The same, made once for all who watch."""
    rows = rows_to_send(epoch_table(runs))
    losses = heading_html(_LOSSES, validation_losses_in_words(runs))
    return losses, rows, heading_html(_ACCURACIES, test_accuracies_in_words(runs)), rows
