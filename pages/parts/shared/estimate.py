"""How long training will take on this server, from a measurement of one training step."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from hw5core.engine.cluster import worker_count
from hw5core.engine.limits import refusal
from hw5core.runs.config import RunConfig
from hw5core.training.pace import estimated_seconds
from pages.parts.shared.server import ask_worker, engine, owner

MEASURED_SECONDS = 60
"""How long a measurement is used. Later, the load of the machine may be another one."""


def race_words(configs: tuple[RunConfig, ...]) -> str:
    """Return a sentence with the time that the race takes on this server, or with the limit that it exceeds."""
    return _refusal_words(configs, "race") or f"This race takes {_estimate(configs)}."


def sweep_words(remaining: Sequence[RunConfig]) -> str:
    """Return a sentence with the time that the remaining runs of a sweep take on this server, or with the limit that
    one of them exceeds."""
    runs = f"The {len(remaining)} remaining runs take" if len(remaining) > 1 else "The remaining run takes"
    return _refusal_words(remaining, "sweep") or f"{runs} {_estimate(remaining)}."


def _estimate(configs: Sequence[RunConfig]) -> str:
    """Return in words how long these runs take together, and what that is based on.

    Activation, learning rate and seed change the time of a step only a little, so one run is measured for all. The
    first call takes about a second, and so does a call after MEASURED_SECONDS or when more or fewer runs train.
    """
    one = replace(configs[0], seed=0, split_seed=0, learning_rate=RunConfig().learning_rate)
    load = engine().training_count()
    seconds = _measured(one, load) * -(-len(configs) // worker_count())
    others = f" while {load} other run{'s' * (load != 1)} train{'s' * (load == 1)}" if load else ""
    basis = f"estimated from one training step with {one.label}, measured within the last minute{others}"
    return f"about {duration(seconds)} on this server, {basis}"


def _refusal_words(configs: Sequence[RunConfig], noun: str) -> str:
    reason = next((words for config in configs if (words := refusal(config, owner()))), "")
    return f":material/block: This {noun} is too large for this server: {reason}." if reason else ""


@st.cache_data(show_spinner="Measuring a training step …", max_entries=100, ttl=MEASURED_SECONDS)
def _measured(config: RunConfig, load: int) -> float:  # noqa: ARG001
    """Measure the time of a run. `load`, the number of runs that train, is only part of the key of the cache."""
    seconds: float = ask_worker(estimated_seconds, config)
    return seconds


def duration(seconds: float) -> str:
    """Return the time as text, in seconds below 100 s and in minutes above."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
