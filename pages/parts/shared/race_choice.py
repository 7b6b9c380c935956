"""The choice of one of the server's races. The URL names it."""

from collections.abc import Callable

import streamlit as st

from hw5core.runs.catalogue import Listed, describe_settings, races
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import RACE
from pages.parts.shared.server import run_store

_RACE = "race"
"""The URL parameter with the key of the race."""

_MAX_RUNS = 200


def chosen_race_of_server(
    key: str, fits: Callable[[Listed], bool], most_networks: int, gone: str
) -> tuple[RunConfig, ...]:
    """Draw the choice, and return the runs of the race, at most `most_networks` of them.

    The first option is the recorded race.
    Only runs that fit can be chosen. `key` is that of the widget. `gone` says why the race in a link may not be among
    them. Raises StoreError.
    """
    found = _options(fits, most_networks)
    wanted = st.query_params.get(_RACE)
    if wanted is not None and wanted not in found:
        st.warning(f"The race in this link is not on this server: {gone}. Below is the recorded one.")
    shown = wanted if wanted in found else next(iter(found))
    st.query_params[_RACE] = shown
    # The URL decides, so that a link opened in the same window works too.
    st.session_state[key] = shown
    st.selectbox(
        "Race", list(found), format_func=lambda key: _in_words(found[key]), key=key, on_change=_change, args=(key,)
    )
    return found[shown]


def _change(key: str) -> None:
    st.query_params[_RACE] = st.session_state[key]


def _options(fits: Callable[[Listed], bool], most_networks: int) -> dict[str, tuple[RunConfig, ...]]:
    """Return the races by their keys: the recorded one, and then the newest."""
    listed = (Listed(run, result) for run, result in run_store().newest(_MAX_RUNS))
    found = {RACE[0].race_key: RACE}
    for entry in races(one for one in listed if not one.outdated and fits(one)):
        found.setdefault(entry.key, entry.configs[:most_networks])
    return found


def _in_words(configs: tuple[RunConfig, ...]) -> str:
    labels = ", ".join(config.label for config in configs)
    recorded = ", the homework's race" if configs == RACE else ""
    return f"{labels} on {configs[0].dataset}{recorded} ({describe_settings(configs[0])})"
