"""Opens one batch of a run: the very images that a step learnt from, found again from the run's seeds.

A worker does it, which has the images; importing this module loads no torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw5core import datasets
from hw5core.config import RunConfig
from hw5core.progress import Progress


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
    from hw5core.training import batch_indices

    pool = datasets.load(config.dataset)
    chosen = batch_indices(config, len(pool.labels), step)
    return Batch(step, pool.images[chosen], pool.labels[chosen])


def answers(run: Progress, step: int) -> list[Answer]:
    """How each image of batch `step` fared, in the order of `open_batch`; empty while the run has not come so far, and
    for what lies before a branch."""
    config = run.run.config
    if not run.first_step <= step < run.done:
        return []
    # A branch begins with an epoch.
    epoch, batch = divmod(step - run.first_step, config.steps_per_epoch)
    first = epoch * config.images_per_epoch + batch * config.batch_size
    last = min(first + config.batch_size, (epoch + 1) * config.images_per_epoch)
    return [
        Answer(loss, prediction)
        for loss, prediction in zip(run.examples[first:last], run.predictions[first:last], strict=True)
    ]
