"""Which batches of a run are measured layer by layer: densely at first, because a network may learn early, then seldom.

Measuring a batch takes as long as training it, and on a busy machine twice as long, so few are measured. Which ones
follows from the config alone: a run that continues from a checkpoint measures the same batches.
"""

from functools import lru_cache

from hw5core.runs.config import RunConfig

FIRST_BATCHES = 1_000
"""The number of batches at the start of a run that are measured densely."""

SELDOM = 200
"""The usual distance between two measured batches after the first ones."""

_MAX_LATER = 500
_DISTANCES = (5, 10, 20, 25, 50, 100)
"""Possible distances between the first ones. They divide 100, so every hundredth of them is always measured."""

_DENSE_SHARE = 0.0065
"""The largest share of all batches that are measured among the first ones. With the later ones, it is at most 1.2 %."""


def distances(config: RunConfig) -> tuple[int, int]:
    """Return the distances between measured batches: among the first ones, and afterwards."""
    return _distances(config.total_steps - config.first_step)


@lru_cache
def _distances(batches: int) -> tuple[int, int]:
    later = SELDOM * -(-batches // (SELDOM * _MAX_LATER))
    dense = (one for one in _DISTANCES if FIRST_BATCHES / one <= _DENSE_SHARE * batches)
    return next(dense, _DISTANCES[-1]), later


def is_measured(config: RunConfig, step: int) -> bool:
    """Return True if batch `step` of the run is measured. The first batch is, also that of a fork."""
    dense, later = distances(config)
    batch = step - config.first_step
    return batch % (dense if batch < FIRST_BATCHES else later) == 0
