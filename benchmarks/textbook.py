"""The homework's race as a textbook would write it, for comparison with ours. It uses torch's default threads.

    python -m benchmarks.textbook NETWORK SEED TRAINING_IMAGES

NETWORK is the name of a digit CNN among the presets. Trains one network after the other for one epoch, and evaluates it
on the validation and test images of the homework's split. Prints JSON: for each network the seconds of training and of
evaluation, and the test accuracy in percent.
"""

import json
import os
import sys
import time

import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Subset, random_split

from hw5core import home
from tools.torchvision_import import declare_missing_operators

declare_missing_operators()  # makes the import of torchvision work next to a CPU-only torch

from torchvision import datasets, transforms  # noqa: E402


def _images(seed: int, training_images: int) -> tuple[Subset, Subset, Subset]:
    root = os.environ.get("HW5_DATA") or home.cache_folder()
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    pool = ConcatDataset([datasets.MNIST(root, train, prepare, download=True) for train in (True, False)])
    parts = random_split(pool, [42_000, 14_000, 14_000], torch.Generator().manual_seed(seed))
    return Subset(parts[0], range(training_images)), parts[1], parts[2]


def _network(activation: type[nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 10, 5), activation(), nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 5), activation(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), activation(), nn.Linear(50, 10),
    )  # fmt: skip


def _earlier_network(activation: type[nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), activation(), nn.AvgPool2d(2),
        nn.Conv2d(16, 64, 3, padding=1), activation(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(3136, 50), activation(), nn.Linear(50, 10),
    )  # fmt: skip


NETWORKS = {"digit-cnn": (_network, 0.005), "digit-cnn-earlier": (_earlier_network, 0.008)}
"""The function that makes each network, and its learning rate."""


def _train(network: nn.Module, images: Subset, rate: float) -> list[float]:
    optimiser = torch.optim.SGD(network.parameters(), lr=rate)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for inputs, labels in DataLoader(images, batch_size=5, shuffle=True):
        optimiser.zero_grad()
        loss = criterion(network(inputs), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def _evaluate(network: nn.Module, images: Subset) -> tuple[float, float]:
    criterion = nn.CrossEntropyLoss(reduction="sum")
    loss, correct = 0.0, 0
    with torch.no_grad():
        for inputs, labels in DataLoader(images, batch_size=100):
            logits = network(inputs)
            loss += criterion(logits, labels).item()
            correct += (logits.argmax(1) == labels).sum().item()
    return loss / len(images), 100 * correct / len(images)


def main(name_of_network: str, seed: int, training_images: int) -> None:
    make, rate = NETWORKS[name_of_network]
    training, validation, test = _images(seed, training_images)
    results = {}
    for name, activation in (("relu", nn.ReLU), ("sigmoid", nn.Sigmoid)):
        torch.manual_seed(seed)
        network = make(activation)
        start = time.perf_counter()
        _train(network, training, rate)
        trained = time.perf_counter()
        _evaluate(network, validation)
        _, accuracy = _evaluate(network, test)
        evaluated = time.perf_counter()
        results[name] = {"seconds": trained - start, "evaluation_seconds": evaluated - trained, "accuracy": accuracy}
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
