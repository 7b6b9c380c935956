"""The pace of training: how long a run would take on this machine. Importing this module loads no torch."""

import time
from dataclasses import replace
from statistics import median

import numpy as np

from hw5core.data.datasets import DATASETS, Pool, split_sizes
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, EpochResult

TRIAL_SECONDS = 0.5
"""How long the trial trains: three reports, and the first is not used."""

_TRIAL_IMAGES = 1_000


def estimated_seconds(config: RunConfig) -> float:
    """Return the seconds that the whole run would take, with evaluation, if nothing else used the machine.

    Train the config's network for TRIAL_SECONDS on random pixels: a step takes as long as on real images, which may not
    be on this machine yet. Assume that evaluating an image costs a quarter of training on it: mostly its forward pass.
    """
    from hw5core.training.loop import train

    trial = _trial(config)
    begin, paces, (previous_steps, previous_seconds) = time.perf_counter(), [], (0, 0.0)
    for record in train(trial, _random_pool(trial)):
        if isinstance(record, BatchLosses) and record.seconds is not None:
            steps = record.first_step + len(record.losses)
            paces.append((record.seconds - previous_seconds) / (steps - previous_steps))
            previous_steps, previous_seconds = steps, record.seconds
        if isinstance(record, BatchLosses | EpochResult) and time.perf_counter() - begin > TRIAL_SECONDS:
            break
    # The first report includes what happens once: memory is allocated, and torch chooses its kernels.
    seconds_per_step = median(paces[1:] or paces)
    _, validation, test = split_sizes(config.dataset)
    steps = config.total_steps - config.first_step
    evaluated_images = steps / config.steps_per_epoch * (validation + test)
    return seconds_per_step * (steps + evaluated_images / config.batch_size / 4)


def _trial(config: RunConfig) -> RunConfig:
    """Return the config with few training images and many epochs, so that the trial reports and evaluates often."""
    images = config.training_images
    if config.images_per_epoch > _TRIAL_IMAGES:
        # Full batches only: batch normalisation refuses a last batch of one image.
        images = _TRIAL_IMAGES - _TRIAL_IMAGES % config.batch_size
    return replace(config, fork=None, training_images=images, epochs=200)


def _random_pool(config: RunConfig) -> Pool:
    """Return random images in the shape of the config's dataset, just enough for its training images."""
    dataset, generator = DATASETS[config.dataset], np.random.default_rng(0)
    # A split uses 60 % for training.
    number = config.images_per_epoch * 5 // 3 + 5
    images = generator.integers(0, 256, (number, *dataset.shape[1:]), dtype=np.uint8)
    return Pool(images, generator.integers(0, dataset.classes, number))
