"""Predict first: who wins, and by how much; afterwards the class's guesses beside what it came to."""

import pandas as pd
import streamlit as st

from hw5core.charts.race import guesses_chart
from hw5core.charts.words import guesses_in_words
from hw5core.runs.config import RunConfig, race_id
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.server import owner, run_store

_WANTED = "predict"


def may_start(configs: tuple[RunConfig, ...], begun: bool) -> bool:
    """Draw the guess where it is asked for; whether the button may work: not before this person has committed one."""
    if len(configs) < 2 or begun:
        return True
    wanted = st.toggle("Predict first", key=_WANTED, bind="query-params", help="a link with predict=true asks a class")
    guesses = run_store().guesses(race_id(configs))
    if owner() in guesses:
        st.info(f"Your guess: {_in_words(configs, guesses[owner()])}. Guesses so far: {len(guesses)}.")
        return True
    if wanted:
        _ask(configs)
    return not wanted


def predicts_first() -> bool:
    """Whether this person, or the link that they followed, asked for a guess before anything is shown."""
    said = st.session_state.get(_WANTED, st.query_params.get(_WANTED) == "true")
    return bool(said)


def _ask(configs: tuple[RunConfig, ...]) -> None:
    first, second = configs[0].label, configs[1].label
    with st.form("guess"):
        winner = st.radio("Which one ends with the better test accuracy?", [first, second], horizontal=True)
        points = st.slider("By how many points of a hundred?", 0, 90, 10)
        if st.form_submit_button("Commit my guess"):
            run_store().guess(race_id(configs), owner(), points if winner == first else -points)
            st.rerun()


def class_guesses(configs: tuple[RunConfig, ...], runs: list[RunHistory]) -> None:
    """After the race, what everybody had expected, and what it came to."""
    if len(configs) < 2 or len(runs) < len(configs) or any(run.run.status is not Status.FINISHED for run in runs):
        return
    guesses = run_store().guesses(race_id(configs))
    if not guesses:
        return
    ends = [run.epochs[-1].test_accuracy for run in runs]
    lead = ends[0] - ends[1]
    question = f"{configs[0].label}'s lead over {configs[1].label} (points of test accuracy)"
    leads = list(guesses.values())
    words, table = guesses_in_words(leads, lead), pd.DataFrame({"lead": leads})
    draw_chart("What the class expected", words, table, guesses_chart(lead, question))
    if owner() in guesses:
        st.markdown(f"You guessed {_in_words(configs, guesses[owner()])}; it came to {_in_words(configs, lead)}.")


def _in_words(configs: tuple[RunConfig, ...], lead: float) -> str:
    return f"{configs[0 if lead >= 0 else 1].label} by {abs(lead):.3g} points"
