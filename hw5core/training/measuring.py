"""Measures the layers of a batch while it is trained. The step computes the same numbers as any other.

The values of a layer are few, so that the calls take longer than the arithmetic. NumPy's are faster than PyTorch's.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hw5core.runs.records import LayerStatistics, Outputs, update_ratio
from hw5core.training.kernel import Kernel

SATURATED_SLOPE = 0.01
"""A unit is saturated if the absolute derivative of its activation is below this: it passes back almost no gradient.

For sigmoid, whose derivative is at most 0.25, this means |x| > 4.6; for ReLU, x <= 0.
"""


class Measuring:
    """A hook for one step of training. Afterwards, `statistics` are those of batch number `step`.

    `names` are those of the layers, and `learning_rate` is the run's.
    """

    def __init__(self, step: int, names: list[str], learning_rate: float) -> None:
        self.statistics = LayerStatistics(step, {}, {}, {})
        self._names = names
        self._learning_rate = learning_rate

    def __call__(self, number: int, kernel: Kernel, saved: Any, grads: Any) -> None:
        """Measure a layer. This is a Hook."""
        with np.errstate(over="ignore", invalid="ignore"):  # of a network that has diverged
            self._measure(self._names[number], kernel, saved, grads)

    def _measure(self, name: str, kernel: Kernel, saved: Any, grads: Any) -> None:
        measured = self.statistics
        if kernel.parameters:
            weights, gradient = _flat(kernel.parameters[0]), _flat(kernel.parameter_grads(grads)[0])
            measured.weight_norms[name] = _short(_norm(weights))
            measured.gradient_norms[name] = _short(_norm(gradient))
            (_, change), (_, spread) = _mean_and_deviation(gradient), _mean_and_deviation(weights)
            ratio = update_ratio(self._learning_rate * change, spread)
            measured.update_ratios[name] = None if ratio is None else _short(ratio)
        activated = kernel.activated(saved)
        if activated:
            output, slopes = map(_flat, activated)
            measured.saturated[name] = _short(_share(np.abs(slopes) < SATURATED_SLOPE))
            rms_slope = _norm(slopes) / math.sqrt(len(slopes))
            outputs = (*_mean_and_deviation(output), _share(output == 0), rms_slope)
            measured.outputs[name] = Outputs(*map(_short, outputs))


def saturated_share(derivative: Tensor) -> float:
    """Return the share of saturated units, from the derivative of their activation."""
    return _share(np.abs(_flat(derivative)) < SATURATED_SLOPE)


def _flat(values: Tensor) -> NDArray[np.float32]:
    """Return the values as one row, in the order of the memory, so that nothing is copied."""
    row: NDArray[np.float32] = values.numpy().ravel(order="K")
    return row


def _share(is_counted: NDArray[np.bool_]) -> float:
    """Return the share of True."""
    return int(np.count_nonzero(is_counted)) / len(is_counted)


def _norm(values: NDArray[np.float32]) -> float:
    """Return the Euclidean norm."""
    return math.sqrt(values.dot(values))


def _mean_and_deviation(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the mean and the standard deviation.

    The mean is subtracted first: from the mean of the squares, single precision would leave too few digits.
    """
    mean = np.add.reduce(values) / np.float32(len(values))  # half the time of values.mean()
    return float(mean), _norm(values - mean) / math.sqrt(len(values))


def _short(number: float) -> float:
    """Return the number with six digits. A measurement in single precision has no more, and the store needs space."""
    return float(f"{number:.6g}")
