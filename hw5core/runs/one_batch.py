"""One batch in depth: its loss along the gradient, and one weight's gradient checked without backpropagation."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class GradientCheck:
    """The gradient of one weight in double precision, computed in two ways.

    `weight` is its index in the layer's weights. `difference` is (L(w + h) - L(w - h)) / 2h with h = `step`.
    """

    layer: str
    weight: tuple[int, ...]
    backpropagation: float
    difference: float
    step: float


@dataclass(frozen=True)
class OneBatch:
    """The loss (nats) of batch number `step` after a single step, by the size of the step.

    `rates` are learning rates, and `losses` the losses of the same images after a step with each. `before` is the loss
    before the step, and `after` that with the run's own learning rate.
    """

    step: int
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    before: float
    after: float
    check: GradientCheck

    @property
    def best(self) -> tuple[float, float]:
        """The rate with the smallest loss, and that loss. A step that is far too large may have no finite one."""
        pairs = zip(self.rates, self.losses, strict=True)
        return min(pairs, key=lambda pair: pair[1] if math.isfinite(pair[1]) else math.inf)
