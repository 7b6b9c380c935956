"""Question 1, checked: a student's own counts, and why each wrong number is wrong."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.homework.answers.check import CheckedSheet, check_text
from hw5core.network.counting import Count
from pages.parts.check.answers import answers, take_for_class, times_handed_in
from pages.parts.check.class_view import class_view, hand_in
from pages.parts.check.golf import golf_button
from pages.parts.check.hints import hints, hints_used
from pages.parts.check.lecturers import lecturers_are_open, lecturers_button
from pages.parts.check.network import Chosen, chosen_network
from pages.parts.check.questions import questions
from pages.parts.check.result import result
from pages.parts.check.reveal import reveal
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecture import aside, lecture_mode
from pages.parts.shared.plain_words import plain


def page() -> None:
    begin_page(
        __file__,
        "Check your answers",
        "**Try this:** count the parameters of each layer yourself, and write down how. A wrong number gets a reason.",
    )
    chosen, problem = _network()
    counted = chosen.own if chosen else None
    hall = st.container() if lecture_mode() else None
    sheet = None
    handed_in, checked = st.columns(2, gap="large")
    with handed_in:
        text = answers(counted)
    with checked, st.container(key="check-result"):
        if problem:
            st.error(plain(problem))
        if counted:
            sheet = _result(counted, text)
            hints(counted)
    if chosen:
        if take_for_class() and sheet:
            hints_before = hints_used(chosen.own, times_handed_in())
            hand_in(chosen.network.architecture, sheet, hints_before, chosen.own is not chosen.network)
        with hall or st.container():
            class_view(chosen.network.architecture)
    with st.container(horizontal=True):
        golf_button(lecturers_are_open())
        if chosen:
            with aside("lecturers"):
                lecturers_button(chosen.network)
    reveal(times_handed_in())


def _network() -> tuple[Chosen | None, str]:
    """Draw the choice of the network. Return it, or None and what is wrong with it."""
    try:
        return chosen_network(), ""
    except LabError as error:
        return None, f"This network cannot be checked: {error}."


def _result(counted: Count, text: str) -> CheckedSheet | None:
    """Draw the result, or what to do if there is none. Return the checked answers, None if there are none."""
    if not text.strip():
        st.markdown(
            "Write one line per layer: its name or number, then the result, with or without the arithmetic. "
            "Numbers alone are taken in the order of the layers. Your result appears here."
        )
        questions(counted)
        return None
    try:
        sheet = check_text(counted, text)
    except LabError as error:
        words = str(error)
        st.error(plain(f"{words[:1].upper()}{words[1:]}."))
        return None
    result(sheet, text, hints_used(counted, times_handed_in()))
    return sheet


page()
