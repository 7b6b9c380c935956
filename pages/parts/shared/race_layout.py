"""The layout of a page with a race: controls and settings on the left, results on the right.

So the scoreboard, the loss chart and an opened batch are visible together after a click. On a narrow screen the
results come directly after the controls, and the settings last.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.parts.shared.streamlit_internals import DeltaGenerator

_STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True)
class RaceLayout:
    """The containers of the page, in the order of the keyboard."""

    controls: DeltaGenerator
    results: DeltaGenerator
    settings: DeltaGenerator


def race_layout() -> RaceLayout:
    """Draw the empty containers."""
    st.html(_STYLE)
    with st.container(key="race-layout"):
        return RaceLayout(
            st.container(key="race-controls"), st.container(key="race-results"), st.container(key="race-settings")
        )
