"""Lecture mode: larger type and charts, and out of sight what a lesson does not need. A link carries it."""

from contextlib import AbstractContextManager
from pathlib import Path

import streamlit as st

ADDRESS = "lecture"
"""The parameter in the address, "true" or absent."""

SWITCH = "lecture switch"
_MODE = "lecture mode"
_STYLE = Path(__file__).with_suffix(".css")


def lecture_mode() -> bool:
    """Whether this visitor shows the pages to a hall."""
    return bool(st.session_state.get(_MODE))


def lecture_switch() -> None:
    """The switch, and the style that it switches on.

    The address leads; an address without it, as after a visit to another page, is given what holds on all pages. (A
    switch bound to the address would be off again on the next page.)
    """
    if ADDRESS in st.query_params:
        st.session_state[_MODE] = st.query_params[ADDRESS] == "true"
    elif lecture_mode():
        st.query_params[ADDRESS] = "true"
    st.session_state[SWITCH] = lecture_mode()
    st.toggle(
        "Lecture mode", key=SWITCH, on_change=_switched, help="larger type, fewer controls; this page's link carries it"
    )
    if lecture_mode():
        st.html(_STYLE)


def _switched() -> None:
    st.session_state[_MODE] = st.session_state[SWITCH]
    if lecture_mode():
        st.query_params[ADDRESS] = "true"
    else:
        st.query_params.pop(ADDRESS, None)


def aside(name: str) -> AbstractContextManager[object]:
    """A container for what a lesson does not need. Lecture mode hides it, but its controls keep what the link set."""
    return st.container(key=f"aside {name}")
