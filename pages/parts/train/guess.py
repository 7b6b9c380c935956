"""The guess before a race: which network wins, and by how much. After the race, all guesses and the result."""

import pandas as pd
import streamlit as st

from hw5core.charts.race import guesses_chart
from hw5core.charts.words import guesses_in_words
from hw5core.runs.config import RunConfig, race_id
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.server import owner, run_store

PREDICT = "predict"
"""The URL parameter, "true" if users guess before they see anything."""


def may_start(configs: tuple[RunConfig, ...], active: bool) -> bool:
    """Draw the guess if the page asks for one. Return False while this user has to guess before the race starts."""
    if len(configs) < 2 or active:
        return True
    wanted = st.toggle("Guess first", key=PREDICT, bind="query-params", help="A link with predict=true asks a class.")
    guesses = run_store().guesses(race_id(configs))
    if owner() in guesses:
        st.info(f"Your guess: {_in_words(configs, guesses[owner()])}. Guesses so far: {len(guesses)}.")
        return True
    if wanted:
        _ask(configs)
    return not wanted


def guesses_first() -> bool:
    """Return True if the user, or the link they opened, asks for a guess before anything is shown."""
    return bool(st.session_state.get(PREDICT, st.query_params.get(PREDICT) == "true"))


def _ask(configs: tuple[RunConfig, ...]) -> None:
    """Draw the form. Nothing in it is chosen, because a default would suggest an answer."""
    first, second = configs[0].label, configs[1].label
    with st.form("guess"):
        winner = st.radio(
            "Which network has the higher test accuracy at the end?", [first, second], index=None, horizontal=True
        )
        points = st.number_input("By how many percentage points?", 0, 90, None, placeholder="0 to 90")
        if st.form_submit_button("Submit my guess"):
            if winner is None or points is None:
                st.error("Choose a network and a number of points first.")
                return
            run_store().guess(race_id(configs), owner(), points if winner == first else -points)
            st.rerun()


def class_guesses(race: RaceSnapshot) -> None:
    """Draw all guesses next to the result, once the race is finished and somebody has guessed."""
    configs = race.configs
    if len(configs) < 2 or not race.finished:
        return
    guesses = run_store().guesses(race_id(configs))
    if not guesses:
        return
    accuracies = [run.epochs[-1].test_accuracy for run in race.runs]
    lead = accuracies[0] - accuracies[1]
    question = f"{configs[0].label}'s lead over {configs[1].label} (points of test accuracy)"
    leads = list(guesses.values())
    words, table = guesses_in_words(leads, lead), pd.DataFrame({"lead": leads})
    draw_chart("The guesses of the class", words, table, guesses_chart(lead, question))
    if owner() in guesses:
        st.markdown(f"Your guess: {_in_words(configs, guesses[owner()])}. Result: {_in_words(configs, lead)}.")


def _in_words(configs: tuple[RunConfig, ...], lead: float) -> str:
    return f"{configs[0 if lead >= 0 else 1].label} by {abs(lead):.3g} points"
