"""Question 2: one press trains the same network with ReLU and with sigmoid, and everyone watches the curves arrive."""

import streamlit as st

from hw5core.architecture import ArchitectureError
from hw5core.chart_words import test_accuracies_in_words, validation_losses_in_words
from hw5core.charts import epoch_table, test_accuracy_chart, validation_loss_chart
from hw5core.config import ConfigError, RunConfig
from hw5core.engine import EngineError
from hw5core.findings import plateau_caption
from hw5core.progress import Progress
from hw5core.runs import Status, StoreError
from pages.race.guess import class_guesses, may_start
from pages.race.loss_view import loss_chart
from pages.race.one_step import one_step
from pages.race.opened_batch import opened_batch
from pages.race.outcome import outcome
from pages.shared.chart import draw_chart
from pages.shared.estimate import race_words
from pages.shared.frame import begin_page, big_number
from pages.shared.knobs import chosen_race, next_seed
from pages.shared.lecture import aside
from pages.shared.run_buttons import run_buttons
from pages.shared.server import engine, follower, run_store

LIVE_SECONDS = 0.5
"""How often a running race is drawn anew."""

REST_SECONDS = 2.0
"""How often a paused one is: its owner may step it, or let it go on, while a class watches."""

_ANOTHER_SEED = "Turns the seed on by one: other first weights and another order of the batches, all else as it is."


def page() -> None:
    begin_page(
        __file__,
        "ReLU against sigmoid",
        "**Try this:** say which one wins and by how much, then press the button and watch the batches of five go by.",
    )
    try:
        with aside("settings"):
            configs = chosen_race()
        if run_store().notice:
            st.warning(run_store().notice)
        runs = _stories(configs)
        # One place however many buttons it holds: were the charts below to move, the browser would build them anew.
        with st.container():
            _start(configs, runs)
        estimate = st.empty()
        live = any(not run.run.status.over for run in runs)
        every = LIVE_SECONDS if live else REST_SECONDS if _rests(runs) else None
        st.fragment(_show_race, run_every=every)(configs, live)
        with aside("runs"):
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
    """The race's buttons, and what there is to say of where it stands."""
    finished = len(runs) == len(configs) and all(run.run.status is Status.FINISHED for run in runs)
    if finished:
        with aside("what to do next"):
            st.success("This race has been run: below is what it gave. Another seed or other data make another race.")
    begun = any(not run.run.status.over for run in runs)
    allowed = finished or may_start(configs, begun)
    with st.container(horizontal=True):
        if finished:
            st.button("Another seed", icon=":material/casino:", on_click=next_seed, help=_ANOTHER_SEED)
        run_buttons(configs, runs, "race", allowed)
    if _rests(runs):
        st.info("The race is paused. Whoever started it lets it go on or steps it; after an hour everybody may.")


def _rests(runs: list[Progress]) -> bool:
    return any(run.run.status is Status.PAUSED for run in runs)


def _show_race(configs: tuple[RunConfig, ...], live: bool) -> None:
    """The race as it is now; run again and again while it is live, and once more when it has ended."""
    try:
        runs = _stories(configs)
        _draw_race(configs, runs, live)
    except (StoreError, EngineError) as error:
        st.error(str(error))
        return
    if live is all(run.run.status.over for run in runs):
        st.rerun()


def _draw_race(configs: tuple[RunConfig, ...], runs: list[Progress], live: bool) -> None:
    if live and engine().trouble:
        st.error(engine().trouble)
    _scoreboard(configs, runs)
    for run in runs:
        if run.run.status is Status.FAILED:
            st.error(f"**{run.run.config.label}**: {run.run.message}")
    with st.container():
        one_step(runs)
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
        chart, words = validation_loss_chart(labels, epochs), validation_losses_in_words(runs)
        draw_chart("Validation loss, every epoch", words, table, chart, key="validation loss")
    with test:
        chart, words = test_accuracy_chart(labels, epochs, share), test_accuracies_in_words(runs)
        draw_chart("Test accuracy, every epoch", words, table, chart, key="test accuracy")


page()
