"""Why sigmoid learns late: the activations and their slopes, the gradient budget, and the explanations on trial."""

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import RACE
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import chosen_race
from pages.parts.shared.streamlit_internals import DeltaGenerator
from pages.parts.why.budget import Measured, budget, measured_networks
from pages.parts.why.depth import depth
from pages.parts.why.explanations import explanations_on_trial
from pages.parts.why.functions import functions
from pages.parts.why.one_batch import one_batch
from pages.parts.why.rescues import draw_rescues
from pages.parts.why.through_training import through_training

_STEPS = (
    Step("Drag the input. How much of a difference of 1 does sigmoid keep there?", ".st-key-functions"),
    Step("Four explanations. Vote for one, then look at the evidence. Do you still think so?", ".st-key-trial"),
    Step("The gradient on its way back from the loss. Where do the two networks part?", ".st-key-gradient-budget"),
    Step("Add layers, and scale the weights. What keeps the gradient alive?", ".st-key-depth"),
)


def page() -> None:
    begin_page(
        __file__,
        "Why sigmoid learns late",
        "**Try this:** guess first. Are sigmoid's units saturated, or does its gradient get lost on the way back? Then "
        "look at the numbers.",
        _STEPS,
    )
    # The settings come after the functions on the page, but decide which ones are drawn.
    functions_place, settings_place = st.container(key="functions"), st.container()
    trial_place, training_place = st.container(key="trial"), st.container(key="through-training")
    budget_place, depth_place = st.container(key="gradient-budget"), st.container(key="depth")
    rescues_place = st.container(key="rescues")
    batch_place = st.container()
    configs, problem = _chosen(settings_place)
    with functions_place:
        st.fragment(functions)(configs)
    if problem:
        with settings_place:
            st.error(plain(problem))
        return
    try:
        notice = run_store().notice
    except StoreError as error:
        st.error(plain(error))
        return
    if notice:
        st.warning(notice)
    measured: Measured = {}
    with budget_place:
        try:
            measured = measured_networks(configs)
        except LabError as error:
            st.error(plain(error))
        else:
            st.fragment(budget)(measured)
    with trial_place:
        explanations_on_trial(configs, measured)
    with training_place:
        st.fragment(through_training, run_every=RECONNECT_SECONDS)(configs)
    with depth_place:
        depth(configs[0])
    with rescues_place:
        _draw_rescues(configs)
    if measured:
        with batch_place:
            st.fragment(one_batch)(configs)


def _draw_rescues(configs: tuple[RunConfig, ...]) -> None:
    """Draw the rescues of sigmoid, if it is in the race."""
    for config in configs:
        if config.activation == "sigmoid":
            st.fragment(draw_rescues, run_every=RECONNECT_SECONDS)(config)


def _chosen(place: DeltaGenerator) -> tuple[tuple[RunConfig, ...], str]:
    """Draw the settings. Return the race, and what is wrong with the settings, or an empty string.

    If something is wrong, the race is the homework's.
    """
    with place, aside("settings"):
        st.subheader("The network and its race", anchor=False)
        try:
            return chosen_race(), ""
        except LabError as error:
            return RACE, str(error)


page()
