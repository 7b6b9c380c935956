"""Question 2: one press trains the same network with ReLU and with sigmoid, and everyone watches the curves arrive."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from hw5core.architecture import ArchitectureError
from hw5core.charts import epoch_table, test_accuracy_chart, validation_loss_chart
from hw5core.config import ConfigError, RunConfig
from hw5core.engine import EngineError
from hw5core.findings import plateau_caption
from hw5core.progress import Progress
from hw5core.runs import Status, StoreError
from pages.race.guess import class_guesses, may_start
from pages.race.loss_view import loss_chart
from pages.race.opened_batch import opened_batch
from pages.race.outcome import outcome
from pages.shared.estimate import race_words
from pages.shared.frame import begin_page, big_number
from pages.shared.knobs import chosen_race, next_seed
from pages.shared.server import engine, follower, owner, run_store

LIVE_SECONDS = 0.5
"""How often a running race is drawn anew."""


def page() -> None:
    begin_page(
        __file__,
        "ReLU against sigmoid",
        "**Try this:** say which one wins and by how much, then press the button and watch the batches of five go by.",
    )
    try:
        configs = chosen_race()
        if run_store().notice:
            st.warning(run_store().notice)
        runs = _stories(configs)
        # One place however many buttons it holds: were the charts below to move, the browser would build them anew.
        with st.container():
            _start(configs, runs)
        estimate = st.empty()
        live = any(not run.run.status.over for run in runs)
        st.fragment(_show_race, run_every=LIVE_SECONDS if live else None)(configs, live)
        st.page_link("pages/runs.py", label="All runs on this server", icon=":material/list:")
        # The workers take seconds to start: let them now that everything is drawn, so that the button need not wait.
        engine()
        if not runs:
            estimate.caption(race_words(configs))
    except (ConfigError, ArchitectureError, StoreError, EngineError) as error:
        st.error(str(error))


def _stories(configs: tuple[RunConfig, ...]) -> list[Progress]:
    """What the store has of these runs."""
    read = [follower(config.run_id).read() for config in configs]
    return [progress for progress in read if progress]


def _start(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    """The buttons; and what was begun earlier, here or before a restart, is joined without asking."""
    finished = len(runs) == len(configs) and all(run.run.status is Status.FINISHED for run in runs)
    begun = any(not run.run.status.over for run in runs)
    if finished:
        st.success("This race has been run: below is what it gave. Another seed or other data make another race.")
    allowed = finished or may_start(configs, begun)
    label = "The race is running" if begun else "Go on with the race" if runs else "Start the race"
    with st.container(horizontal=True):
        pressed = not finished and st.button(
            label, type="primary", icon=":material/play_arrow:", disabled=begun or not allowed
        )
        if finished:
            st.button("Another seed", icon=":material/casino:", on_click=next_seed, help="the same race, drawn anew")
        wish = _wish(runs, begun)
    if wish:
        for run in runs:
            wish(run.run.run_id, owner())
    if pressed:
        engine().start(configs, owner())
    elif begun and not wish:
        engine().start([run.run.config for run in runs if not run.run.status.over], owner())
    if pressed or wish:
        st.rerun()
    if any(run.run.status is Status.PAUSED for run in runs):
        st.info("The race is paused. Whoever started it lets it go on; after an hour everybody may.")


def _wish(runs: list[Progress], begun: bool) -> Callable[[str, str], None] | None:
    """What the race's owner asks for, by buttons that only they see: pause and stop while it runs, delete after."""
    if not runs or not all(owner() in run_store().owners(run.run.run_id) for run in runs):
        return None
    if not begun:
        return engine().delete if st.button("Delete", icon=":material/delete:") else None
    if st.button("Pause", icon=":material/pause:"):
        return engine().pause
    return engine().stop if st.button("Stop", icon=":material/stop:") else None


def _show_race(configs: tuple[RunConfig, ...], live: bool) -> None:
    """The race as it is now; run again and again while it is live, and once more when it has ended."""
    try:
        runs = _stories(configs)
        _draw_race(configs, runs, live)
    except (StoreError, EngineError) as error:
        st.error(str(error))
        return
    if live and all(run.run.status.over for run in runs):
        st.rerun()


def _draw_race(configs: tuple[RunConfig, ...], runs: list[Progress], live: bool) -> None:
    if live and engine().trouble:
        st.error(engine().trouble)
    _scoreboard(configs, runs)
    for run in runs:
        if run.run.status is Status.FAILED:
            st.error(f"**{run.run.config.label}**: {run.run.message}")
    picked = loss_chart(configs, runs)
    if picked is not None and runs:
        opened_batch(picked, runs)
    _epoch_charts(configs, runs)
    class_guesses(configs, runs)
    outcome(runs)


def _scoreboard(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    """Per network the newest test accuracy, large, how far it has come, and what its loss says."""
    found = {run.run.run_id: run for run in runs}
    for column, config in zip(st.columns(len(configs)), configs, strict=True):
        with column:
            run = found.get(config.run_id)
            accuracy = f"{run.epochs[-1].test_accuracy:5.2f} %" if run and run.epochs else "–"
            big_number(f"{config.label}: test accuracy", accuracy, config.spec.colour)
            st.progress(run.fraction if run else 0.0, text=_state_words(run))
            st.caption(plateau_caption(run) if run else "")


def _state_words(run: Progress | None) -> str:
    if run is None:
        return "not started"
    batches = f"{run.run.status}{_place_in_line(run)}: {len(run.losses):,} of {run.run.config.total_steps:,} batches"
    if run.seconds is not None:
        return f"{batches} in {run.seconds:.1f} s"
    if run.run.status is not Status.RUNNING or not run.steps_per_second or not run.seconds_left:
        return batches
    return f"{batches}, {run.steps_per_second:.0f} a second, {run.seconds_left:.0f} s left"


def _place_in_line(run: Progress) -> str:
    place = engine().place(run.run.run_id) if run.run.status is Status.WAITING else None
    return f", number {place} in line for a worker" if place else ""


def _epoch_charts(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    labels, epochs = tuple(config.label for config in configs), configs[0].epochs
    table = epoch_table(runs)
    share = next((run.started.commonest_share for run in runs if run.started), None)
    validation, test = st.columns(2)
    with validation:
        _draw("Validation loss, every epoch", table, validation_loss_chart(labels, epochs))
    with test:
        _draw("Test accuracy, every epoch", table, test_accuracy_chart(labels, epochs, share))


def _draw(title: str, table: pd.DataFrame, specification: dict[str, Any]) -> None:
    st.markdown(f"**{title}**")
    st.vega_lite_chart(table, specification, key=title, alt=f"{title}, one line per network")


page()
