"""The predictions of a network for all images of a part of its split."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hw5core.data.datasets import Pool
from hw5core.runs.config import RunConfig
from hw5core.runs.mistakes import Classified, SplitPart
from hw5core.training.backprop import Backprop
from hw5core.training.evaluation import logits_of
from hw5core.training.inputs import split_for
from hw5core.training.tensors import network_of


def images_in(config: RunConfig, pool: Pool, part: SplitPart) -> NDArray[np.int64]:
    """Return the indices into the pool of the run's images in this part of the split."""
    parts = split_for(config, len(pool.labels))
    return parts.test if part == "test" else parts.validation


@torch.inference_mode()
def classify(config: RunConfig, tensors: dict[str, NDArray[Any]], pool: Pool, part: SplitPart) -> Classified:
    """Return what the network with these tensors predicts for the images of this part of the split.

    The logits are computed exactly as after an epoch, so the accuracy is the one that the run has recorded. Raise
    WeightsError if the tensors do not fit the config's network.
    """
    chosen = images_in(config, pool, part)
    network = Backprop(network_of(config, tensors), config.learning_rate)
    logits = logits_of(network, pool.images[chosen], config.dataset)
    # Probabilities may round to equal numbers, so the class comes from the logits.
    predicted = logits.argmax(1, keepdim=True)
    confidence = logits.softmax(1).gather(1, predicted).flatten()
    return Classified(
        pool.labels[chosen].astype(np.uint8), predicted.flatten().numpy().astype(np.uint8), confidence.numpy()
    )
