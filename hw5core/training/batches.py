"""One batch of a run: the images that it was trained on, and what the network predicted for them.

The images are found again from the run's seeds, on a worker. Importing this module loads no torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses


@dataclass(frozen=True)
class Batch:
    """Batch number `step` of a run: images, uint8 (n, height, width), and labels (n,), in the order of training."""

    step: int
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Prediction:
    """A network's output for one image before the step: its loss (nats), and the class it predicted."""

    loss: float
    label: int


def open_batch(config: RunConfig, step: int) -> Batch:
    """Return batch `step` of the run, counted from 0. Raise DataError if its images cannot be loaded."""
    from hw5core.training.inputs import batch_indices

    pool = datasets.loaded(config.dataset)
    chosen = batch_indices(config, len(pool.labels), step)
    return Batch(step, pool.images[chosen], pool.labels[chosen])


def predictions_in(record: BatchLosses | None, config: RunConfig, step: int) -> list[Prediction]:
    """Return the predictions for the images of batch `step`, in the order of `open_batch`.

    `record` is the run's record with the losses of this batch (`RunStore.losses_of_batch`), or None if it has not
    reported the batch yet; then the list is empty.
    """
    if record is None:
        return []
    # A record never contains batches of two epochs, so only its last batch can be smaller than the others.
    first = (step - record.first_step) * config.batch_size
    batch = slice(first, first + config.batch_size)
    return list(map(Prediction, record.examples[batch], record.predictions[batch]))
