"""The evidence on the four explanations: a verdict on each, with figures from the race and from experiments."""

import streamlit as st

from hw5core.errors import StoreError
from hw5core.homework.explanations import Explanation, experiments, explanations
from hw5core.runs.config import INITIALISATIONS, RunConfig
from hw5core.runs.recorded import note
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.reading import Reading
from pages.parts.shared.settings import race_query
from pages.parts.shared.verdicts import verdict_line
from pages.parts.why.budget import Measured, ratio_of_slopes
from pages.parts.why.trial import read_trial, read_trial_live, trial_version


def evidence(pair: tuple[RunConfig, ...], measured: Measured) -> None:
    """Draw the verdicts on the four explanations, and redraw them when a run of the race or of an experiment ends.

    `pair` is the race of ReLU and sigmoid.
    """
    others = tuple(config for group in experiments(pair[1]).values() for config in group)
    reading = Reading(read_trial, pair, others, live=read_trial_live)
    reading.subscribe_redraw(trial_version)
    try:
        trial = reading.value
    except StoreError as error:
        st.error(plain(error))
        return
    _say_whose_runs(trial.race)
    runs = {run.config.activation: run for run in trial.race.runs}
    if len(runs) == 2:
        for one in explanations(runs["relu"], runs["sigmoid"], trial.tried, ratio_of_slopes(measured)):
            st.markdown(_in_words(one))
    with aside("experiments"):
        _draw_links(pair)


def _say_whose_runs(race: RaceSnapshot) -> None:
    if race.recorded:
        st.caption(f":material/history: The figures are those of a race recorded {note(race.runs[0])}.")
    elif len(race.runs) < 2:
        st.info("This race has not been trained on this server, so there are no records to judge. Train it first.")
    elif race.active:
        st.caption("This race is still running. The verdicts follow its records.")


def _in_words(one: Explanation) -> str:
    verdict = f"{one.verdict}, from batch {one.since:,} on" if one.since is not None else str(one.verdict)
    return verdict_line(one.verdict, one.cause.sentence, verdict, one.reason)


def _draw_links(pair: tuple[RunConfig, ...]) -> None:
    """Offer the race itself and its experiments."""
    st.markdown("**Experiments:** train the race, or sigmoid with one other setting. Then come back.")
    with st.container(horizontal=True):
        train_link("This race, ReLU and sigmoid", pair)
        for config in experiments(pair[1])["initialisation"]:
            train_link(f"Sigmoid with {INITIALISATIONS[config.initialisation]}", (config,))
        for config in experiments(pair[1])["learning_rate"]:
            train_link(f"Sigmoid with rate {config.learning_rate:g}", (config,))


def train_link(label: str, configs: tuple[RunConfig, ...]) -> None:
    """Draw a link to the page Train with this race."""
    st.page_link("pages/train.py", label=label, icon=":material/trending_up:", query_params=race_query(configs))
