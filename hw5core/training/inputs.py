"""What each batch of a run gets: its images, in the order of the seed, standardised, and the seed of its dropout."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hw5core.data.datasets import DATASETS, Split, split
from hw5core.runs.config import RunConfig


def split_for(config: RunConfig, images: int) -> Split:
    """Return the config's split of a pool of `images` images into training, validation and test images.

    Each seed has its own split, so runs with several seeds repeat the whole homework. A run with fewer training images
    takes the first ones, which are a random choice because the split is random.
    """
    parts = split(images, config.seed + config.split_seed)
    return replace(parts, train=parts.train[: config.images_per_epoch])


def batch_order(config: RunConfig, train_indices: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
    """Return the training images in the order in which an epoch uses them.

    The order follows from the seed and the epoch alone, so the images of any batch can be found again later.
    """
    return np.random.default_rng([config.seed, epoch]).permutation(train_indices)


def batch_indices(config: RunConfig, images: int, step: int) -> NDArray[np.int64]:
    """Return the indices, into a pool of `images` images, of batch number `step` of the run, counted from 0."""
    epoch, batch = divmod(step, config.steps_per_epoch)
    first = batch * config.batch_size
    return batch_order(config, split_for(config, images).train, epoch)[first : first + config.batch_size]


def standardise(images: NDArray[np.uint8], dataset: str) -> Tensor:
    """Return images (n, height, width) as float32 (n, 1, height, width), standardised as the dataset says."""
    chosen = DATASETS[dataset]
    return torch.from_numpy(images).float().sub_(255 * chosen.mean).div_(255 * chosen.std).unsqueeze(1)


def dropout_seed(config: RunConfig, step: int) -> int:
    """Return the seed of dropout's generator for this batch."""
    return config.seed * 1_000_003 + step
