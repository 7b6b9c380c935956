"""How long training will take here, measured rather than guessed."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from hw5core.engine.engine import worker_count
from hw5core.engine.limits import refusal
from hw5core.runs.config import RunConfig
from hw5core.training.pace import estimated_seconds
from pages.parts.shared.server import ask_worker, owner


def race_words(configs: tuple[RunConfig, ...]) -> str:
    """A sentence with the time the race takes here; the first asking measures it, which takes a second or two. Of a
    race that is larger than this visitor may have, the sentence that says so."""
    if refused := _refused(configs, "race"):
        return refused
    # A step takes as long with one seed as with another: a class that tries many shares one measurement.
    seeded_alike = [replace(config, seed=0, split_seed=0) for config in configs]
    seconds = max(map(_measured, seeded_alike)) * -(-len(configs) // worker_count())
    return f"Here this race takes about {duration(seconds)}, by a measurement of its training step just now."


def sweep_words(left: Sequence[RunConfig]) -> str:
    """A sentence with the time that these runs of a sweep take here. They differ in activation, learning rate and seed,
    which make little difference to a step's time, so one of them is measured for all."""
    if refused := _refused(left, "sweep"):
        return refused
    one = replace(left[0], seed=0, split_seed=0, learning_rate=RunConfig().learning_rate)
    seconds = _measured(one) * -(-len(left) // worker_count())
    return (
        f"Here the {len(left)} runs that are left take about {duration(seconds)}, by a measurement of {one.label}'s "
        "training step just now."
    )


def _refused(configs: Sequence[RunConfig], what: str) -> str:
    refused = next((words for config in configs if (words := refusal(config, owner()))), "")
    return f":material/block: This {what} is beyond what is trained here: {refused}." if refused else ""


@st.cache_data(show_spinner="Measuring how long a training step takes here …", max_entries=100)
def _measured(config: RunConfig) -> float:
    seconds: float = ask_worker(estimated_seconds, config)
    return seconds


def duration(seconds: float) -> str:
    """Seconds or minutes, rounded."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
