"""The views of the networks below their feature maps, and a switch between them."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.runs.config import RunConfig
from pages.parts.inside.attribution import attribution
from pages.parts.inside.mistakes import mistakes
from pages.parts.inside.through_training import through_training
from pages.parts.inside.view_area import show_area_after_click, view_area

FRAGMENT = "inside"
"""The fragment of the page that these views are in."""

_VIEW = "view"
"""The URL parameter with the name of the view."""

_CHOSEN = "chosen view"
_THROUGH, _MISTAKES, _ATTRIBUTION = _VIEWS = "Through training", "Mistakes", "Attribution"


def views(configs: tuple[RunConfig, ...], steps: tuple[int, ...], step: int, image: NDArray[np.uint8]) -> None:
    """Draw the switch, and the chosen view of these networks after this many batches. Raises LabError."""
    with view_area():
        name = _chosen_view()
        if name == _MISTAKES:
            mistakes(configs, step, _show_attribution)
        elif name == _ATTRIBUTION:
            attribution(configs, step, image)
        else:
            through_training(configs, steps, step, image)


def _chosen_view() -> str:
    """Draw the switch, and return the name of the view. The URL decides, so that other views can change it too."""
    wanted = st.query_params.get(_VIEW)
    name = wanted if wanted in _VIEWS else _THROUGH
    st.session_state[_CHOSEN] = name
    st.segmented_control("View", _VIEWS, required=True, key=_CHOSEN, on_change=_change, label_visibility="collapsed")
    return name


def _change() -> None:
    st.query_params[_VIEW] = st.session_state[_CHOSEN]
    show_area_after_click()


def _show_attribution() -> None:
    """Switch to the attribution of an image that was chosen in another view, and draw the page again."""
    st.query_params[_VIEW] = _ATTRIBUTION
    show_area_after_click()
    st.rerun(FRAGMENT)
