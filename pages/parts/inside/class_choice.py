"""The choice of a class, which the views of an image share."""

import numpy as np
import streamlit as st

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from pages.parts.inside.view_area import show_area, show_area_after_click

_CHOICE = "chosen class"
_PREDICTED = "predicted"


def choose_class(number: int) -> None:
    """Choose the class for the next drawing of the page."""
    st.session_state[_CHOICE] = str(number)


def chosen_class(config: RunConfig, row: tuple[float, ...]) -> int:
    """Draw the choice, and return the class. Without a choice, it is the likeliest in this row of probabilities."""
    predicted = int(np.argmax(row))
    options = [_PREDICTED, *map(str, range(DATASETS[config.dataset].classes))]
    chosen = st.pills(
        "Class",
        options,
        default=_PREDICTED,
        required=True,
        key=_CHOICE,
        on_change=show_area_after_click,
        format_func=lambda one: f"that {config.label} predicts" if one == _PREDICTED else one,
    )
    show_area()
    return predicted if chosen in (None, _PREDICTED) else int(chosen)


def class_name(config: RunConfig, number: int) -> str:
    """Return the class in words: its number, with its name if it has one."""
    names = DATASETS[config.dataset].names
    return f"{number} ({names[number]})" if names else str(number)
