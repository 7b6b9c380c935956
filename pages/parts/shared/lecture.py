"""Lecture mode: larger type and charts, and fewer controls. The page's link contains it."""

from contextlib import AbstractContextManager
from pathlib import Path

import streamlit as st

PARAMETER = "lecture"
"""The parameter of the URL. It is "true" or absent."""

SWITCH = "lecture switch"
_MODE = "lecture mode"
_STYLE = Path(__file__).with_suffix(".css")


def lecture_mode() -> bool:
    """Return True if this session shows the pages to a lecture hall."""
    return bool(st.session_state.get(_MODE))


def lecture_switch() -> None:
    """Draw the switch, and the style of lecture mode while it is on.

    The parameter in the URL decides. The URL of another page does not have it, so the session remembers the
    mode and adds the parameter. A switch that is bound to the URL would be off again on the next page.
    """
    if PARAMETER in st.query_params:
        st.session_state[_MODE] = st.query_params[PARAMETER] == "true"
    elif lecture_mode():
        st.query_params[PARAMETER] = "true"
    st.session_state[SWITCH] = lecture_mode()
    st.toggle(
        "Lecture mode",
        key=SWITCH,
        on_change=_switched,
        help="Larger type and fewer controls. The link of this page includes it.",
    )
    if lecture_mode():
        st.html(_STYLE)


def _switched() -> None:
    st.session_state[_MODE] = st.session_state[SWITCH]
    if lecture_mode():
        st.query_params[PARAMETER] = "true"
    else:
        st.query_params.pop(PARAMETER, None)


def aside(name: str) -> AbstractContextManager[object]:
    """Return a container that lecture mode hides. Its widgets are still there and keep the values of the link."""
    return st.container(key=f"aside {name}")
