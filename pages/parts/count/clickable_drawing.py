"""The drawing of the network. A click on a block selects its layer everywhere."""

import streamlit as st

from hw5core.explain.drawing import drawing
from hw5core.network.counting import Count
from pages.parts.count import state
from pages.parts.shared.component import inline_component

_KEY = "drawing"
_component = inline_component(__file__, "drawing", '<div class="picture"></div>')


def clickable_drawing(counted: Count, selected: int | None) -> None:
    """Draw the network."""
    # A dictionary, because Streamlit imports pandas to find out whether a text is a table.
    _component(key=_KEY, data={"svg": drawing(counted, selected)}, on_picked_change=_picked)


def _picked() -> None:
    picked = st.session_state[_KEY].picked
    if isinstance(picked, int):
        state.toggle_selection(picked)
