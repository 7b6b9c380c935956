"""What an activation does at one input: its value, its slope, and what remains of a difference there."""

from functools import cache

import numpy as np

from hw5core.network.activations import ACTIVATIONS, Activation

_TRUSTED = 1e-6
"""A difference of two values below this share of the inputs' difference has lost too many digits."""

_PIECES = 2_000
_MAX_INPUT = 100.0


def remains(activation: Activation, start: float, end: float) -> float:
    """Return f(end) - f(start): what remains of the difference of two inputs.

    Where both values are almost equal, it is the integral of the slope, because their own difference would be 0.
    """
    difference = float(activation.value(end) - activation.value(start))
    if abs(difference) > _TRUSTED * abs(end - start):
        return difference
    width = (end - start) / _PIECES
    slopes = activation.slope(start + width * np.arange(_PIECES + 1))
    # Simpson's rule.
    return float(width / 3 * (slopes[0] + slopes[-1] + 4 * slopes[1:-1:2].sum() + 2 * slopes[2:-1:2].sum()))


@cache
def input_at_which_remains(difference: float) -> float:
    """Return the input above 0 from which on sigmoid leaves at most this much of a difference of 1."""
    sigmoid, low, high = ACTIVATIONS["sigmoid"], 0.0, _MAX_INPUT
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if remains(sigmoid, middle, middle + 1) > difference else (low, middle)
    return high
