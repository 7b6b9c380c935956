"""What the student chooses for the report: the name and the remarks, which stay after a visit to another page, and the
network of question 1."""

import streamlit as st

from hw5core.homework.report.document import MAX_NAME, MAX_REMARKS
from hw5core.network.counting import Count, count_fitting
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

_NAME, _REMARKS = "report name", "report remarks"
_KEPT = "kept report"

_MAX_TYPED = 5 * MAX_REMARKS
"""The field takes longer remarks than the report, and the page says so: a cut text could be handed in unnoticed."""


def network_of_question_1() -> Count:
    """Draw the field, and return the counts of its network. The URL of the page contains it.

    Raises ArchitectureError if it cannot be read or a layer does not fit.
    """
    text = st.text_input(
        "The network of question 1, in one line",
        PRESETS["homework"].text,
        key="net",
        bind="query-params",
        help="The Count page shows this line for each network. The homework's is the default.",
    )
    return count_fitting(parse(text))


def name_and_remarks() -> tuple[str, str]:
    """Draw the fields, and return their values."""
    kept: dict[str, str] = st.session_state.setdefault(_KEPT, {})
    for key in (_NAME, _REMARKS):
        # The browser's field is new after a visit to another page.
        st.session_state.setdefault(key, kept.get(key, ""))
    kept[_NAME] = st.text_input("Your name", key=_NAME, max_chars=MAX_NAME, placeholder="optional")
    kept[_REMARKS] = st.text_area(
        "Your remarks",
        key=_REMARKS,
        max_chars=_MAX_TYPED,
        height=160,
        placeholder="What surprised you? Which conclusion do you doubt?",
    )
    return kept[_NAME], kept[_REMARKS]
