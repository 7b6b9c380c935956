"""A confusion matrix with the accuracy of each class. A click on a cell shows its images."""

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from hw5core.runs.mistakes import class_accuracies
from pages.parts.shared.component import inline_component

_component = inline_component(__file__, "confusion", '<div class="confusion"></div>')


def confusion(
    config: RunConfig,
    matrix: NDArray[np.int64],
    chosen: tuple[int, int] | None,
    on_click: Callable[[object], None],
) -> None:
    """Draw the matrix of one network.

    `on_click` gets what the browser sends for a click: the number of a cell, row by row. A browser can send anything.
    """
    key = f"confusion matrix of {config.run_id}"
    _component(
        key=key,
        data={
            "network": config.label,
            "colour": config.spec.colour,
            "names": DATASETS[config.dataset].names,
            "rows": tuple(map(tuple, matrix.tolist())),
            "shares": tuple("–" if share is None else f"{share:.2f}" for share in class_accuracies(matrix)),
            "chosen": -1 if chosen is None else chosen[0] * len(matrix) + chosen[1],
        },
        on_cell_change=lambda: on_click(st.session_state[key].get("cell")),
    )
