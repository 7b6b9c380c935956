"""Four explanations on trial: the class votes, sees the evidence on each of them, and votes again."""

import streamlit as st

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig, race_id
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.why.budget import Measured
from pages.parts.why.evidence import evidence
from pages.parts.why.vote import evidence_is_open, vote_after, vote_before

_QUESTION = (
    "Sigmoid only guesses for a long time: its loss stays at ln 10. Here are four explanations. The evidence judges "
    "each by what the runs recorded, and by experiments that change one thing."
)


def explanations_on_trial(configs: tuple[RunConfig, ...], measured: Measured) -> None:
    """Draw the section. The evidence is folded until this visitor has voted, or does not want to."""
    st.subheader("Four explanations on trial", anchor=False)
    st.markdown(_QUESTION)
    pair = tuple(config for name in ("relu", "sigmoid") for config in configs if config.activation == name)
    if len(pair) < 2:
        st.info("The evidence compares ReLU with sigmoid. Choose both as activations in the race.")
        return
    race = race_id(pair)
    try:
        is_open = evidence_is_open(race)
    except StoreError as error:
        st.error(plain(error))
        return
    st.fragment(vote_before)(race, is_open)
    with st.expander("The evidence: a verdict on each explanation", icon=":material/gavel:", expanded=is_open):
        st.fragment(evidence, run_every=RECONNECT_SECONDS)(pair, measured)
    if is_open:
        st.fragment(vote_after)(race)
