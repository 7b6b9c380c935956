"""The loss and the accuracy of a network, and its logits, for any number of images."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hw5core.data.datasets import DATASETS
from hw5core.training.backprop import Backprop
from hw5core.training.inputs import standardise

EVALUATION_BATCH = 20
"""The number of images in a batch: small enough for the processor's cache to hold a layer's output until the next layer
reads it."""

_GATHER_BATCHES = 10
"""The number of batches whose images are standardised together. They fit into the cache."""


@torch.inference_mode()
def evaluate(
    backprop: Backprop, images: NDArray[np.uint8], labels: NDArray[np.int64], dataset: str
) -> tuple[float, float]:
    """Return the mean cross-entropy (nats) and the accuracy (percent) of the network in evaluation mode."""
    target = torch.from_numpy(labels)
    logits = logits_of(backprop, images, dataset)
    loss = functional.cross_entropy(logits, target, reduction="none").double().mean().item()
    return loss, 100 * int((logits.argmax(1) == target).sum()) / len(labels)


def logits_of(backprop: Backprop, images: NDArray[np.uint8], dataset: str) -> Tensor:
    """Return the logits (n, classes) of images (n, height, width) in evaluation mode. Use it in inference mode."""
    # Small results that lie between large, freed tensors keep the process from using that memory again, so all results
    # are parts of one tensor.
    logits = torch.empty(len(images), DATASETS[dataset].classes)
    stride = _GATHER_BATCHES * EVALUATION_BATCH
    for first in range(0, len(images), stride):
        batches = standardise(images[first : first + stride], dataset).split(EVALUATION_BATCH)
        for batch, results in zip(batches, logits[first : first + stride].split(EVALUATION_BATCH), strict=True):
            results.copy_(backprop.predict(batch))
    return logits
