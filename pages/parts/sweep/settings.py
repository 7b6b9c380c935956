"""The settings of a sweep. The URL stores each of them, so a link opens the same sweep."""

from typing import Any

import streamlit as st

from hw5core.runs.config import SETTINGS, RunConfig, default_of
from hw5core.runs.sweeps import MAX_RATES, Sweep, parse_rates
from hw5core.store.store import MAX_NAME
from pages.parts.shared.settings import (
    ADVANCED,
    activations_setting,
    advanced_settings,
    check_number_in_url,
    dataset_setting,
    number_setting,
    race_number,
)

_MAX_SEEDS = 30
_SEEDS = 3
_NAME = "sweep-name"


def chosen_sweep() -> Sweep:
    """Draw the settings and return the sweep. Raises ConfigError or ArchitectureError if it cannot be trained."""
    data, name, epochs = st.columns([5, 3, 2])
    with data:
        dataset = dataset_setting(RunConfig().dataset)
    with name:
        st.text_input("name", max_chars=MAX_NAME, placeholder="none", key=_NAME, bind="query-params",
                      help="The title above the charts.")  # fmt: skip
    with epochs:
        base: dict[str, Any] = {"dataset": dataset, "epochs": race_number("epochs", dataset)}
    names, rates, number, first = st.columns([4, 3, 1, 1])
    with names:
        activations = activations_setting("activations")
    with rates:
        rate_text = st.text_input(
            "learning rates",
            f"{default_of('learning_rate', dataset):g}",
            max_chars=100,
            help=f"Up to {MAX_RATES} numbers, separated by commas: 0.005, 0.02, 0.05",
            key=f"learning-rates-{dataset}",
            bind="query-params",
        )
    check_number_in_url("seeds", "seeds", 1, _MAX_SEEDS)
    with number:
        seeds = st.number_input(
            "seeds", 1, _MAX_SEEDS, _SEEDS, help="The number of seeds.", key="seeds", bind="query-params"
        )
    with first:
        first_seed = int(number_setting("seed", label="first seed"))
    with st.expander("More settings (on MNIST, the defaults are the homework's)"):
        numbers = [name for name in ADVANCED if name != "learning_rate"]
        base |= advanced_settings(dataset, numbers, in_a_row=len(numbers))
    return Sweep(RunConfig(**base), tuple(activations), parse_rates(rate_text), _seeds_from(first_seed, seeds))


def chosen_name() -> str:
    """Return the name of the sweep from its URL, on one line. It can be empty."""
    return " ".join(st.session_state[_NAME].split())[:MAX_NAME]


def _seeds_from(first: int, number: int) -> tuple[int, ...]:
    """Return this number of seeds from the first one up, or the highest seeds if the limit is near."""
    end = min(first + number, int(SETTINGS["seed"].highest) + 1)
    return tuple(range(end - number, end))
