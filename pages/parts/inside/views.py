"""The views of the networks below their feature maps, and a switch between them."""

import streamlit as st

from hw5core.runs.config import RunConfig
from pages.parts.inside.mistakes import mistakes

_VIEWS = {"Mistakes": mistakes}
"""Each view by its name in the switch and in the URL. It draws these networks after this epoch."""


def views(configs: tuple[RunConfig, ...], epoch: int) -> None:
    """Draw the switch and the chosen view."""
    with st.container(key="views"):
        name = st.segmented_control(
            "View",
            list(_VIEWS),
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        if name in _VIEWS:
            _VIEWS[name](configs, epoch)
