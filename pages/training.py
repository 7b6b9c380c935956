"""Question 2: one press trains the same network with ReLU and with sigmoid, and everyone watches the curves arrive."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from hw5core.charts import (
    epoch_table,
    test_accuracy_chart,
    training_loss_chart,
    training_loss_table,
    validation_loss_chart,
)
from hw5core.config import KNOBS, ConfigError, RunConfig, race
from hw5core.datasets import DATASETS, at_hand, split_sizes
from hw5core.engine import EngineError
from hw5core.progress import Progress, accuracy_lines
from hw5core.receipts import receipt
from hw5core.runs import Status, StoreError
from pages.shared.frame import begin_page, big_number
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
        configs = race(_chosen_config())
        if run_store().notice:
            st.warning(run_store().notice)
        runs = _stories(configs)
        _start(configs, runs)
        live = any(not run.run.status.over for run in runs)
        st.fragment(_show_race, run_every=LIVE_SECONDS if live else None)(configs, live)
        # The workers take seconds to start: let them now that everything is drawn, so that the button need not wait.
        engine()
    except (ConfigError, StoreError, EngineError) as error:
        st.error(str(error))


def _chosen_config() -> RunConfig:
    """The knobs, each kept in the address, so that a link shows the same race."""
    data, epochs, seed = st.columns([3, 1, 1])
    with data:
        dataset = st.segmented_control(
            KNOBS["dataset"].label,
            list(DATASETS),
            default="digits",
            required=True,
            key="dataset",
            bind="query-params",
        )
        st.caption(_data_words(dataset))
    with epochs:
        # The key holds the dataset's name: each dataset proposes its own number.
        chosen_epochs = _number("epochs", DATASETS[dataset].epochs, key=f"epochs-{dataset}")
    with seed:
        chosen_seed = _number("seed", 0, key="seed")
    return RunConfig(dataset=dataset, epochs=chosen_epochs, seed=chosen_seed)


def _data_words(dataset: str) -> str:
    training, validation, test = split_sizes(dataset)
    words = f"{DATASETS[dataset].title}: {training:,} images to train on, {validation:,} to validate, {test:,} to test."
    return words if at_hand(dataset) else f"{words} They will be downloaded once; the digits need no network."


def _number(name: str, default: int, key: str) -> int:
    knob = KNOBS[name]
    return st.number_input(
        knob.label, int(knob.lowest), int(knob.highest), default, help=knob.help, key=key, bind="query-params"
    )


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
    label = "The race is running" if begun else "Go on with the race" if runs else "Start the race"
    with st.container(horizontal=True):
        pressed = not finished and st.button(label, type="primary", icon=":material/play_arrow:", disabled=begun)
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
    """The whole race as the store has it now; run again and again while it is live, and once more when it has ended."""
    runs = _stories(configs)
    if live and engine().trouble:
        st.error(engine().trouble)
    _scoreboard(configs, runs)
    for run in runs:
        if run.run.status is Status.FAILED:
            st.error(f"**{run.run.config.label}**: {run.run.message}")
    _charts(configs, runs)
    if any(run.epochs for run in runs):
        st.code("\n".join(line for run in runs for line in accuracy_lines(run)), language=None)
    _fairness(runs)
    _receipts(runs)
    if live and all(run.run.status.over for run in runs):
        st.rerun()


def _scoreboard(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    """Per network the newest test accuracy, large, and how far it has come."""
    found = {run.run.run_id: run for run in runs}
    for column, config in zip(st.columns(len(configs)), configs, strict=True):
        with column:
            run = found.get(config.run_id)
            accuracy = f"{run.epochs[-1].test_accuracy:5.2f} %" if run and run.epochs else "–"
            big_number(f"{config.label}: test accuracy", accuracy, config.spec.colour)
            st.progress(run.fraction if run else 0.0, text=_state_words(run))


def _state_words(run: Progress | None) -> str:
    if run is None:
        return "not started"
    batches = f"{len(run.losses):,} of {run.run.config.total_steps:,} batches"
    seconds = f", {run.seconds:.1f} s" if run.seconds is not None else ""
    place = engine().place(run.run.run_id) if run.run.status is Status.WAITING else None
    in_line = f", number {place} in line for a worker" if place else ""
    return f"{run.run.status}{in_line}: {batches}{seconds}"


def _charts(configs: tuple[RunConfig, ...], runs: list[Progress]) -> None:
    labels = tuple(config.label for config in configs)
    first = configs[0]
    epochs = epoch_table(runs)
    share = next((run.started.commonest_share for run in runs if run.started), None)
    _draw("Training loss, every batch", training_loss_table(runs), training_loss_chart(labels, first.total_steps))
    validation, test = st.columns(2)
    with validation:
        _draw("Validation loss, every epoch", epochs, validation_loss_chart(labels, first.epochs))
    with test:
        _draw("Test accuracy, every epoch", epochs, test_accuracy_chart(labels, first.epochs, share))


def _draw(title: str, table: pd.DataFrame, specification: dict[str, Any]) -> None:
    st.markdown(f"**{title}**")
    st.vega_lite_chart(table, specification, key=title, alt=title)


def _receipts(runs: list[Progress]) -> None:
    """Each finished run as a file that anybody can train again and compare: `python -m hw5core verify`."""
    with st.container(horizontal=True):
        for run in runs:
            if run.run.status is Status.FINISHED:
                st.download_button(
                    f"Receipt of {run.run.config.label}",
                    partial(_receipt_text, run),
                    file_name=f"{run.run.config.activation}-{run.run.run_id}.json",
                    mime="application/json",
                    on_click="ignore",
                    help="All this run was and gave. `python -m hw5core verify FILE` trains it anew and compares.",
                )


def _receipt_text(run: Progress) -> str:
    return json.dumps(receipt(run))


def _fairness(runs: list[Progress]) -> None:
    """What the runs shared, shown by their hashes, so that the activation alone explains the difference."""
    started = [run.started for run in runs if run.started]
    if len(started) < 2:
        return
    shared = [
        ("first weights", {one.weights_hash for one in started}),
        ("split", {one.split_hash for one in started}),
        ("batch order", {one.order_hash for one in started}),
    ]
    words = [
        f"{name} {'the same' if len(hashes) == 1 else '**different**'} (`{'`, `'.join(hashes)}`)"
        for name, hashes in shared
    ]
    st.caption(f"Shared by all networks of this race: {'; '.join(words)}.")
    for note in {one.data_note for one in started if one.data_note}:
        st.caption(f"Data: {note}.")


page()
