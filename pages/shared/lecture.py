"""Lecture mode: larger type and charts, and out of sight what a lesson does not need. A link carries it."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

KEY = "lecture"
_KEPT = "lecture mode on the last page"
_STYLE = Path(__file__).with_suffix(".css")


def lecture_mode() -> bool:
    """Whether this page is shown to a hall."""
    return bool(st.session_state.get(KEY))


def lecture_switch() -> None:
    """The switch, kept in the address and from page to page; and the style that it switches on."""
    if KEY not in st.session_state and st.session_state.get(_KEPT):
        st.session_state[KEY] = True
    st.session_state[_KEPT] = st.toggle(
        "Lecture mode", key=KEY, bind="query-params", help="larger type, fewer controls; this page's link carries it"
    )
    if lecture_mode():
        st.html(_STYLE)


def aside(name: str) -> DeltaGenerator:
    """A container for what a lesson does not need. Lecture mode hides it, but its controls keep what the link set."""
    return st.container(key=f"aside {name}")
