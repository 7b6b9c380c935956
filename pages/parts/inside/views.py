"""The views of the networks below their feature maps, and a switch between them."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.runs.config import RunConfig
from pages.parts.inside.attribution import attribution
from pages.parts.inside.mistakes import mistakes
from pages.parts.inside.through_training import through_training

_THROUGH, _MISTAKES, _ATTRIBUTION = "Through training", "Mistakes", "Attribution"


def views(configs: tuple[RunConfig, ...], steps: tuple[int, ...], step: int, image: NDArray[np.uint8]) -> None:
    """Draw the switch, and the chosen view of these networks after this many batches. Raises LabError."""
    with st.container(key="views"):
        name = st.segmented_control(
            "View",
            (_THROUGH, _MISTAKES, _ATTRIBUTION),
            default=_THROUGH,
            required=True,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        if name == _MISTAKES:
            mistakes(configs, step)
        elif name == _ATTRIBUTION:
            attribution(configs, step, image)
        else:
            through_training(configs, steps, step, image)
