"""The training of a run in plain PyTorch, with autograd and torch.optim: the program that a report has.

A report shows the source of these functions, so they use nothing else of the app except `split` and `draw_weights`,
whose source it shows too. The app trains with its own step, which is faster; tests compare both.
"""

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hw5core.data.datasets import split
from hw5core.training.modules import draw_weights


def draw_initial_weights(network: nn.Sequential, layers: Collection[int], initialisation: str, seed: int) -> None:
    """Draw the weights of these layers. Networks that differ only in their activation start with the same numbers."""
    generator = torch.Generator().manual_seed(seed)
    for number in layers:
        draw_weights(network[number], initialisation, generator)


def standardised(images: NDArray[np.uint8], mean: float, deviation: float) -> Tensor:
    """Return images (n, height, width) as the network takes them: (n, 1, height, width)."""
    return ((torch.from_numpy(images).float() - 255 * mean) / (255 * deviation)).unsqueeze(1)


@torch.no_grad()
def accuracy(network: nn.Sequential, images: NDArray[np.uint8], labels: NDArray[np.int64], *scale: float) -> float:
    """Return the share of images, in percent, to which the network gives their label."""
    network.eval()
    right = 0
    for first in range(0, len(labels), 100):
        predictions = network(standardised(images[first : first + 100], *scale)).argmax(1)
        right += int((predictions == torch.from_numpy(labels[first : first + 100])).sum())
    return 100 * right / len(labels)


def train(
    label: str,
    network: nn.Sequential,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    scale: tuple[float, float],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    momentum: float,
    training_images: int,
    seed: int,
    split_seed: int,
) -> list[float]:
    """Train the network with stochastic gradient descent. Print and return its test accuracy after every epoch.

    `scale` is the mean and the standard deviation of the pixels, from 0 to 1.
    """
    parts = split(len(labels), seed + split_seed)
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=momentum)
    accuracies = []
    for epoch in range(epochs):
        network.train()
        order = np.random.default_rng([seed, epoch]).permutation(parts.train[:training_images])
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            optimiser.zero_grad()
            loss = cross_entropy(network(standardised(images[batch], *scale)), torch.from_numpy(labels[batch]))
            loss.backward()
            optimiser.step()
        accuracies.append(accuracy(network, images[parts.test], labels[parts.test], *scale))
        print(f"{label} accuracy of epoch {epoch}: {accuracies[-1]}")
    return accuracies
