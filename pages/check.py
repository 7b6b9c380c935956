"""Question 1, checked: a student's own counts, and why each wrong number is wrong."""

from collections.abc import Sequence

import streamlit as st

from hw5core.errors import LabError
from hw5core.homework.answers.check import CheckedSheet, check_text
from pages.parts.check.answers import RESULT, answers, take_for_class, times_handed_in
from pages.parts.check.class_view import class_view, hand_in
from pages.parts.check.golf import golf_button
from pages.parts.check.hints import hints, hints_used
from pages.parts.check.lecturers import lecturers_are_open, lecturers_button
from pages.parts.check.network import Chosen, chosen_network, take_code
from pages.parts.check.questions import questions
from pages.parts.check.result import result
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecture import aside, lecture_mode
from pages.parts.shared.pasted import is_open, paste_button
from pages.parts.shared.plain_words import plain
from pages.parts.shared.reveal import reveal
from pages.parts.shared.streamlit_internals import DeltaGenerator

_PAGE = "check"
_PASTE = "Check your answers against the network of your PyTorch or Keras code"


def page() -> None:
    begin_page(
        __file__,
        "Check your answers",
        "**Try this:** count the parameters of each layer yourself, and write down how. A wrong number gets a reason.",
    )
    *fields, code = st.columns([3, 4, 2, 2], vertical_alignment="bottom")
    chosen, problem = _network(fields)
    with code, aside("code"):
        paste_button(_PAGE, _PASTE, chosen.own.architecture if chosen else None, take_code)
    hall = st.container() if lecture_mode() else None
    sheet = None
    handed_in, checked = st.columns(2, gap="large")
    with handed_in:
        text = answers(chosen.asked if chosen else ())
    with checked, st.container(key=RESULT):
        if problem:
            st.error(plain(problem))
        if chosen:
            sheet = _result(chosen, text)
            hints(chosen.own, chosen.asked, sheet, times_handed_in())
    if chosen:
        if take_for_class() and sheet:
            hints_before = hints_used(chosen.own, times_handed_in())
            hand_in(chosen.network.architecture, sheet, hints_before, chosen.own is not chosen.network)
        with hall or st.container():
            class_view(chosen.network.architecture)
    with st.container(horizontal=True):
        golf_button(lecturers_are_open() or is_open(_PAGE))
        if chosen:
            with aside("lecturers"):
                lecturers_button(chosen.network)
    reveal(RESULT)


def _network(fields: Sequence[DeltaGenerator]) -> tuple[Chosen | None, str]:
    """Draw the choice of the network. Return it, or None and what is wrong with it."""
    try:
        return chosen_network(fields), ""
    except LabError as error:
        return None, f"This network cannot be checked: {error}."


def _result(chosen: Chosen, text: str) -> CheckedSheet | None:
    """Draw the result, or what to do if there is none. Return the checked answers, None if there are none."""
    if not text.strip():
        st.markdown(
            "Write one line per layer: its name or number, then the result, with or without the arithmetic. "
            "Numbers alone are taken in the order of the layers. Your result appears here."
        )
        questions(chosen.asked)
        return None
    try:
        sheet = check_text(chosen.own, text, chosen.asked)
    except LabError as error:
        words = str(error)
        st.error(plain(f"{words[:1].upper()}{words[1:]}."))
        return None
    result(sheet, text, hints_used(chosen.own, times_handed_in()))
    return sheet


page()
