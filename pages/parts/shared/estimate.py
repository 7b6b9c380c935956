"""How long training will take on this server, from a measurement of one training step."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from hw5core.engine.cluster import worker_count
from hw5core.engine.limits import refusal
from hw5core.runs.config import RunConfig
from hw5core.training.pace import estimated_seconds
from pages.parts.shared.server import ask_worker, owner


def race_words(configs: tuple[RunConfig, ...]) -> str:
    """Return a sentence with the time that the race takes on this server.

    The first call measures a training step, which takes one or two seconds. If the race exceeds the limits of this
    user, the sentence says so instead.
    """
    if refused := _refusal_words(configs, "race"):
        return refused
    # The seed does not change the time of a step, so all seeds share one measurement.
    same_seed = [replace(config, seed=0, split_seed=0) for config in configs]
    seconds = max(map(_measured, same_seed)) * -(-len(configs) // worker_count())
    return f"This race takes about {duration(seconds)} on this server, estimated from one training step."


def sweep_words(remaining: Sequence[RunConfig]) -> str:
    """Return a sentence with the time that the remaining runs of a sweep take on this server.

    Activation, learning rate and seed change the time of a step only a little, so one run is measured for all. If a run
    exceeds the limits of this user, the sentence says so instead.
    """
    if refused := _refusal_words(remaining, "sweep"):
        return refused
    one = replace(remaining[0], seed=0, split_seed=0, learning_rate=RunConfig().learning_rate)
    seconds = _measured(one) * -(-len(remaining) // worker_count())
    return (
        f"The {len(remaining)} remaining runs take about {duration(seconds)} on this server, estimated from one "
        f"training step with {one.label}."
    )


def _refusal_words(configs: Sequence[RunConfig], noun: str) -> str:
    reason = next((words for config in configs if (words := refusal(config, owner()))), "")
    return f":material/block: This {noun} is too large for this server: {reason}." if reason else ""


@st.cache_data(show_spinner="Measuring a training step …", max_entries=100)
def _measured(config: RunConfig) -> float:
    seconds: float = ask_worker(estimated_seconds, config)
    return seconds


def duration(seconds: float) -> str:
    """Return the time as text, in seconds below 100 s and in minutes above."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
