"""The choice of the race whose networks the page shows. The URL names it."""

import streamlit as st

from hw5core.network.counting import count
from hw5core.runs.catalogue import Listed, describe_settings, races
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import RACE
from pages.parts.shared.server import run_store

_RACE = "race"
"""The URL parameter with the key of the race."""

_CHOSEN = "race to look into"
_MOST_RUNS = 200
_MOST_NETWORKS = 4

_MOST_PARAMETERS = 2_000_000
"""A worker gets the weights of both networks with every drawing, so larger networks would be slow."""


def chosen_networks() -> tuple[RunConfig, ...]:
    """Draw the choice, and return the runs of the race. Its first option is the recorded race."""
    found = _options()
    wanted = st.query_params.get(_RACE)
    if wanted is not None and wanted not in found:
        st.warning(
            "The race in this link is not on this server: it was deleted, has not finished an epoch, or is too large. "
            "Below is the recorded one."
        )
    shown = wanted if wanted in found else next(iter(found))
    st.query_params[_RACE] = shown
    # The URL decides, so that a link opened in the same window works too.
    st.session_state[_CHOSEN] = shown
    st.selectbox("Race", list(found), format_func=lambda key: _in_words(found[key]), key=_CHOSEN, on_change=_change)
    return found[shown]


def _change() -> None:
    st.query_params[_RACE] = st.session_state[_CHOSEN]


def _options() -> dict[str, tuple[RunConfig, ...]]:
    """Return the races with a finished epoch by their keys: the recorded one, and then the newest."""
    listed = (Listed(run, result) for run, result in run_store().newest(_MOST_RUNS))
    entries = races(one for one in listed if one.result and not one.outdated)
    found = {RACE[0].race_key: RACE}
    for entry in entries:
        if count(entry.config.architecture).parameters <= _MOST_PARAMETERS:
            found.setdefault(entry.key, entry.configs[:_MOST_NETWORKS])
    return found


def _in_words(configs: tuple[RunConfig, ...]) -> str:
    labels = ", ".join(config.label for config in configs)
    recorded = ", the homework's race" if configs == RACE else ""
    return f"{labels} on {configs[0].dataset}{recorded} ({describe_settings(configs[0])})"
