"""What a sweep is to consist of. Every choice stands in the address, so that a link shows the same sweep."""

from typing import Any

import streamlit as st

from hw5core.runs.config import SETTINGS, RunConfig
from hw5core.runs.sweeps import MAX_RATES, Sweep, parse_rates
from hw5core.store.store import MAX_NAME
from pages.parts.shared.settings import (
    RARER,
    activations_setting,
    dataset_setting,
    epochs_setting,
    number_setting,
    rarer_settings,
    readable,
)

_MOST_SEEDS = 30
_SEEDS = 3
_NAME = "sweep-name"


def chosen_sweep() -> Sweep:
    """Draw the settings. Raises ConfigError or ArchitectureError for what cannot be trained."""
    data, called, epochs = st.columns([5, 3, 2])
    with data:
        dataset = dataset_setting()
    with called:
        _name()
    with epochs:
        base: dict[str, Any] = {"dataset": dataset, "epochs": epochs_setting(dataset)}
    names, rates, how_many, first = st.columns([4, 3, 1, 1])
    with names:
        activations = activations_setting("activations")
    with rates:
        rate_text = st.text_input(
            "learning rates",
            f"{RunConfig().learning_rate:g}",
            max_chars=100,
            help=f"Up to {MAX_RATES} numbers with commas between them: 0.008, 0.02, 0.05",
            key="learning-rates",
            bind="query-params",
        )
    with how_many, readable("seeds"):
        seeds = st.number_input(
            "seeds", 1, _MOST_SEEDS, _SEEDS, help="how many of them", key="seeds", bind="query-params"
        )
    with first:
        begin = int(number_setting("seed", label="from seed"))
    with st.expander("More settings: as they stand, they are the homework's"):
        base |= rarer_settings([name for name in RARER if name != "learning_rate"])
    return Sweep(RunConfig(**base), tuple(activations), parse_rates(rate_text), _numbers(begin, seeds))


def _name() -> None:
    st.text_input(
        "name", max_chars=MAX_NAME, placeholder="none", key=_NAME, bind="query-params", help="the heading of its curves"
    )


def chosen_name() -> str:
    """What the sweep is called by its link, on one line; nothing if by no name."""
    return " ".join(st.session_state[_NAME].split())[:MAX_NAME]


def _numbers(first: int, many: int) -> tuple[int, ...]:
    """So many seeds from the first on; where the setting's numbers end, the last ones."""
    end = min(first + many, int(SETTINGS["seed"].highest) + 1)
    return tuple(range(end - many, end))
