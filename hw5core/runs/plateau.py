"""The plateau at ln 10: how long a network is no better than guessing."""

import math

import numpy as np
from numpy.typing import NDArray

from hw5core.runs.config import CLASSES
from hw5core.runs.history import RunHistory

PLATEAU_WINDOW = 100
"""Number of batches whose mean loss is compared with ln 10. Single batches of five images vary too much."""

PLATEAU_DEPTH = 0.1
"""How far this mean has to be below ln 10, in nats, before a network counts as learning."""


def batches_on_plateau(losses: NDArray[np.float64]) -> int:
    """Return the number of batches from the first on in which the loss stays near ln 10, in complete windows."""
    complete = len(losses) // PLATEAU_WINDOW * PLATEAU_WINDOW
    means = losses[:complete].reshape(-1, PLATEAU_WINDOW).mean(axis=1)
    learning = np.flatnonzero(means < math.log(CLASSES) - PLATEAU_DEPTH)
    return int(learning[0]) * PLATEAU_WINDOW if len(learning) else complete


def plateau_caption(history: RunHistory) -> str:
    """Return a sentence that says whether the network is better than guessing.

    It is empty before the first window is complete, and for a fork, which may start anywhere.
    """
    trained = len(history.losses)
    if trained < PLATEAU_WINDOW or history.first_step:
        return ""
    name, batches = history.label[0].upper() + history.label[1:], batches_on_plateau(history.losses)
    if batches == trained // PLATEAU_WINDOW * PLATEAU_WINDOW:
        return f"{name}: no better than guessing (loss near ln 10) for {batches:,} batches."
    if batches == 0:
        return f"{name}: better than guessing within the first {PLATEAU_WINDOW} batches."
    return f"{name}: better than guessing after {batches:,} batches."
