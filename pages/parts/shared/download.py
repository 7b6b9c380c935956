"""Download buttons for files that depend on what a visitor types on the same page."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.shared.streamlit_internals import connected_session, current_session_id

_MAKERS = "makers of files"
_DRAWING_SECONDS = 20
"""The longest wait for a drawing of the page, after which the file is made from the values before it."""


def download_newest(
    label: str, make: Callable[[], str | bytes], file_name: str, mime: str, key: str, **looks: Any
) -> None:
    """Draw a download button. `make` returns the file's content once somebody asks for it.

    Who types into a field and clicks the button at once asks for the file before the page has read the field. So the
    file is made by the `make` of the drawing that follows. `looks` are other arguments of st.download_button.
    """
    makers = st.session_state.setdefault(_MAKERS, {})
    makers[key] = make
    session = current_session_id()

    def content() -> str | bytes:
        _wait_until_drawn(session)
        newest: Callable[[], str | bytes] = makers[key]
        return newest()

    st.download_button(label, content, file_name, mime, key=key, icon=":material/download:", on_click="ignore", **looks)


def forget_files(*keys: str) -> None:
    """Forget what these buttons would make, because it contains what the server must not keep."""
    for key in keys:
        st.session_state.get(_MAKERS, {}).pop(key, None)


def _wait_until_drawn(session_id: str | None) -> None:
    deadline = time.monotonic() + _DRAWING_SECONDS
    while session_id and time.monotonic() < deadline:
        session = connected_session(session_id)
        if session is None or not session.is_drawing:
            return
        time.sleep(0.02)
