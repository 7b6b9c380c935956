"""Shows what a click has changed, where it is not on the screen."""

import streamlit as st

from pages.parts.shared.component import inline_component

_TIMES = "times revealed"

_component = inline_component(__file__, "reveal", "")


def reveal_after_click(part: str) -> None:
    """Have the next drawing scroll to the container with this key. Call it when a click changes what is in there."""
    _times()[part] = _times().get(part, 0) + 1


def reveal(part: str) -> None:
    """Scroll to the container with this key, if a click has asked for it since the last drawing.

    Draw it below the container, so that the browser has the container by then. If something else than
    the menu stays at the top of the screen, the container's style needs a `scroll-margin`.
    """
    _component(key=f"reveal {part}", data={"part": part, "times": _times().get(part, 0)})


def _times() -> dict[str, int]:
    """Return how often each part was asked for in this session."""
    times: dict[str, int] = st.session_state.setdefault(_TIMES, {})
    return times
