"""The area below the feature maps for one view of the networks. A click on what it shows brings it onto the screen."""

from pathlib import Path

import streamlit as st

from pages.parts.shared.reveal import reveal, reveal_after_click
from pages.parts.shared.streamlit_internals import DeltaGenerator

_STYLE = Path(__file__).with_suffix(".css")
_AREA = "views"


def view_area() -> DeltaGenerator:
    """Return the container of the switch and the view."""
    st.html(_STYLE)
    return st.container(key=_AREA)


def show_area_after_click() -> None:
    """Bring the area onto the screen with the next drawing of the view. Call it when a click changes the view."""
    reveal_after_click(_AREA)


def show_area() -> None:
    """Bring the area onto the screen, if a click has asked for it. Each view calls it once, in its own fragment."""
    reveal(_AREA)
