"""How long the race will take here, measured rather than guessed."""

from dataclasses import replace

import streamlit as st

from hw5core.config import RunConfig
from hw5core.engine import worker_count
from hw5core.limits import refusal
from hw5core.pace import estimated_seconds
from pages.shared.server import ask_worker, owner


def race_words(configs: tuple[RunConfig, ...]) -> str:
    """A sentence with the time the race takes here; the first asking measures it, which takes a second or two. Of a
    race that is larger than this visitor may have, the sentence that says so."""
    refused = next((words for config in configs if (words := refusal(config, owner()))), "")
    if refused:
        return f":material/block: This race is beyond what is trained here: {refused}."
    # A step takes as long with one seed as with another: a class that tries many shares one measurement.
    seeded_alike = [replace(config, seed=0, split_seed=0) for config in configs]
    seconds = max(map(_measured, seeded_alike)) * -(-len(configs) // worker_count())
    return f"Here this race takes about {_duration(seconds)}, by a measurement of its training step just now."


@st.cache_data(show_spinner="Measuring how long a training step takes here …", max_entries=100)
def _measured(config: RunConfig) -> float:
    seconds: float = ask_worker(estimated_seconds, config)
    return seconds


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
