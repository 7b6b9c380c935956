"""Opens one batch of a run: the very images that a step learnt from, found again from the run's seeds.

A worker does it, which has the images; importing this module loads no torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses


@dataclass(frozen=True)
class Batch:
    """Batch number `step` of a run: its images, uint8 (n, 28, 28), and their labels (n,), in the order of training."""

    step: int
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """What a network made of one image before the step: its loss (nats) and the class it gave."""

    loss: float
    prediction: int


def open_batch(config: RunConfig, step: int) -> Batch:
    """The images of batch `step`, counted from 0 over the whole run. Raises DataError when they are not to be had."""
    from hw5core.training.loop import batch_indices

    pool = datasets.load(config.dataset)
    chosen = batch_indices(config, len(pool.labels), step)
    return Batch(step, pool.images[chosen], pool.labels[chosen])


def answers(told: BatchLosses | None, config: RunConfig, step: int) -> list[Answer]:
    """How each image of batch `step` fared, in the order of `open_batch`, by what the run `told` of that batch and of
    those around it (`RunStore.report_of`); empty if it has told nothing of it."""
    if told is None:
        return []
    # A report never reaches into the next epoch, so only its last batch may be a smaller one.
    first = (step - told.first_step) * config.batch_size
    one = slice(first, first + config.batch_size)
    return list(map(Answer, told.examples[one], told.predictions[one]))
