"""What the student adds to the report: the name and the remarks. They stay after a visit to another page."""

import streamlit as st

from hw5core.homework.report.contents import MAX_NAME, MAX_REMARKS

_NAME, _REMARKS = "report name", "report remarks"
_KEPT = "kept report"

_MOST_TYPED = 5 * MAX_REMARKS
"""The field takes longer remarks than the report, and the page says so: a cut text could be handed in unnoticed."""


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
        max_chars=_MOST_TYPED,
        height=160,
        placeholder="What surprised you? Which conclusion do you doubt?",
    )
    return kept[_NAME], kept[_REMARKS]
