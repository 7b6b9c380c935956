"""The race as it is now, in two parts, each drawn anew without the rest of the page: what changes with every report,
two elements because a hundred viewers ask for them every second, and what changes when a step, an epoch or the race
ends. A branch is watched beside the run it comes from in the same way.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from random import random

import pyarrow as pa
import streamlit as st
from streamlit.errors import StreamlitAPIException

from hw5core.chart_words import test_accuracies_in_words, validation_losses_in_words
from hw5core.charts import epoch_table, test_accuracy_chart, validation_loss_chart
from hw5core.config import RunConfig, race_id
from hw5core.engine import EngineError
from hw5core.progress import Progress
from hw5core.recorded import recorded_race
from hw5core.runs import Status, StoreError
from pages.race.guess import predicts_first
from pages.race.loss_view import chosen_batch, loss_chart, view_controls
from pages.race.one_step import one_step
from pages.race.opened_batch import opened_batch
from pages.race.scoreboard import scoreboard
from pages.shared.chart import draw_chart
from pages.shared.lecture import aside
from pages.shared.plain_words import plain
from pages.shared.server import audience, engine, follower

FRESH_SECONDS = 0.2
"""How old what a viewer sees may be when it is sent: those who ask within this time share one reading of the store."""

A_FEW = 0.1
"""The share of a crowd's pages that go over to a slower pace with each of their updates."""

REST_SECONDS = 2.0
"""How often a paused race is drawn: its owner may step it, or let it go on, while a class watches."""

_LIVE, _TOLD = "live", "told"

_Below = Callable[[tuple[RunConfig, ...], list[Progress]], None]
"""What a page says of the runs below their charts."""


def watch(configs: tuple[RunConfig, ...], runs: Sequence[Progress], below: _Below) -> None:
    """Draw the race; while it runs or is paused, again and again."""
    live = any(not run.run.status.over for run in runs)
    seconds = pace(audience(race_id(configs))) if live else REST_SECONDS if rests(runs) else None
    told_seconds = max(2 * seconds, _epoch_part(configs[0])) if live and seconds else seconds
    curve = st.container()
    with aside("loss view"):
        view_controls(on_change=_draw_anew)
    with curve:
        st.fragment(_show_live, run_every=seconds, key=_LIVE)(configs, live, seconds)
    st.fragment(_show_told, run_every=told_seconds, key=_TOLD)(configs, below)


def stories(configs: tuple[RunConfig, ...], fresh_seconds: float = 0.0) -> list[Progress]:
    """What the store has of these runs; of a race that nobody has begun here, what is shipped as recorded, unless the
    class is to predict first."""
    read = [follower(config.run_id).read(fresh_seconds) for config in configs]
    found = [progress for progress in read if progress]
    return found if found or predicts_first() else recorded_race(configs)


def rests(runs: Sequence[Progress]) -> bool:
    """Whether it is paused."""
    return any(run.run.status is Status.PAUSED for run in runs)


def pace(viewers: int) -> float:
    """Seconds between two drawings: the more watch, the longer, so that all together ask some forty times a second.
    More than that the server cannot answer while both networks train beside it on two cores."""
    return next((seconds for most, seconds in ((20, 0.5), (40, 1.0), (80, 2.0), (160, 4.0)) if viewers <= most), 8.0)


def _epoch_part(config: RunConfig) -> float:
    """Seconds, some five of which make an epoch, within reason: how often to look whether one has ended."""
    return min(5.0, config.steps_per_epoch / 2_500)


def _draw_anew() -> None:
    _draw([_LIVE])


def _open_picked() -> None:
    _draw([_LIVE, _TOLD])


def _draw(parts: list[str]) -> None:
    """These alone; the whole page if it has none of them, because its settings could not be trained just now."""
    with suppress(StreamlitAPIException):
        st.rerun(parts)


def _show_live(configs: tuple[RunConfig, ...], live: bool, seconds: float | None) -> None:
    """What changes with every report. When the race has ended or goes on, the whole page is drawn anew, and when so
    many have come to watch that all have to be served less often."""
    try:
        # In a crowd a reading lasts longer: half of the time until each of them asks again.
        runs = stories(configs, max(FRESH_SECONDS, (seconds or 0.0) / 2))
        loss_chart(configs, runs, scoreboard(configs, runs), on_pick=_open_picked)
    except (StoreError, EngineError) as error:
        st.error(plain(error))
        return
    viewers = audience(race_id(configs))
    # A few of a crowd at a time: their pages, all drawn anew at once, would keep the server busy for seconds.
    crowded = live and seconds is not None and pace(viewers) > seconds and random() < A_FEW
    if crowded or live is all(run.run.status.over for run in runs):
        st.rerun()


def _show_told(configs: tuple[RunConfig, ...], below: _Below) -> None:
    """What changes when a step, an epoch or the race has ended, or a batch was clicked on."""
    try:
        runs = stories(configs, FRESH_SECONDS)
        _troubles(runs)
        one_step(runs)
        batch = chosen_batch(configs)
        if batch is not None and runs:
            opened_batch(batch, runs)
        _epoch_charts(configs, runs)
        below(configs, runs)
    except (StoreError, EngineError) as error:
        st.error(plain(error))


def _troubles(runs: Sequence[Progress]) -> None:
    if any(not run.run.status.over for run in runs) and engine().trouble:
        st.error(engine().trouble)
    for run in runs:
        if run.run.status is Status.FAILED:
            st.error(f"**{run.run.config.label}**: {run.run.message}")


def _epoch_charts(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    labels, epochs = tuple(config.label for config in configs), max(config.epochs for config in configs)
    share = next((run.started.commonest_share for run in runs if run.started), None)
    losses, accuracies, table = _shown(tuple(runs), tuple(len(run.epochs) for run in runs))
    validation, test = st.columns(2)
    with validation:
        chart = validation_loss_chart(labels, epochs)
        draw_chart("Validation loss, every epoch", losses, table, chart, key="validation loss")
    with test:
        chart = test_accuracy_chart(labels, epochs, share)
        draw_chart("Test accuracy, every epoch", accuracies, table, chart, key="test accuracy")


@lru_cache(maxsize=32)
def _shown(
    runs: tuple[Progress, ...],
    epochs: tuple[int, ...],  # noqa: ARG001  what the cache goes by, since the runs themselves go on changing
) -> tuple[str, str, pa.Table]:
    """Both charts' words and their rows, made once for all who watch; the rows in the form in which they are sent."""
    rows = pa.Table.from_pandas(epoch_table(runs), preserve_index=False)
    return validation_losses_in_words(runs), test_accuracies_in_words(runs), rows
