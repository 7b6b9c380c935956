"""Trains one network as its config says and tells what happens, record by record.

`train` is a plain generator: a test, a terminal and a Dask worker drive it the same way. All that is random follows
from the config's seeds by position (first weights, split, order of the batches, dropout), so a run that goes on from a
checkpoint ends with the same numbers as one that was never interrupted, bit for bit on one machine.
"""

import hashlib
import io
import platform
import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hw5core.architecture import Dropout
from hw5core.config import CLASSES, RunConfig
from hw5core.datasets import MEAN, STD, Pool, Split, split
from hw5core.networks import initial_network
from hw5core.records import BatchLosses, Checkpoint, EpochResult, Record, RunFinished, RunStarted

REPORT_SECONDS = 0.2
"""How long losses are gathered before they are sent on: often for a live chart, seldom enough to cost nothing."""

CHECKPOINT_SECONDS = 10.0
"""The most training that a killed worker loses."""

_GATHER_BATCHES = 200
_EVALUATION_BATCH = 500


def train(config: RunConfig, pool: Pool, resume: Checkpoint | None = None) -> Iterator[Record]:
    """Train the config's network on the pool's images, from the beginning or from a checkpoint of the same config.

    Yields RunStarted, then BatchLosses as they gather, an EpochResult and a Checkpoint after every epoch, a Checkpoint
    at least every CHECKPOINT_SECONDS in between, and RunFinished. Uses torch's threads as the caller set them.
    """
    parts = split(len(pool.labels), config.split_seed)
    network = initial_network(config.architecture, config.seed)
    steps_per_epoch = config.steps_per_epoch
    first_step = resume.step if resume else 0
    yield _started(config, pool, parts, network, first_step)

    run = _Run(config, network, resume)
    for epoch in range(run.step // steps_per_epoch, config.epochs):
        yield from _train_epoch(run, pool, batch_order(config, parts.train, epoch), first_step=epoch * steps_per_epoch)
        yield run.finish_epoch(epoch, pool, parts)
        yield run.checkpoint()
    yield RunFinished(run.step, run.seconds)


def batch_order(config: RunConfig, train_indices: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch sees the training images: a permutation drawn from (seed, epoch) alone, so any
    batch's images can be found again without having been stored."""
    return np.random.default_rng([config.seed, epoch]).permutation(train_indices)


def standardise(images: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, 28, 28) to float32 (n, 1, 28, 28) with MNIST's mean 0 and standard deviation 1."""
    return ((torch.from_numpy(images).float() - 255 * MEAN) / (255 * STD)).unsqueeze(1)


def evaluate(network: nn.Module, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean cross-entropy (nats) and accuracy (percent) in evaluation mode; leaves the network in training mode."""
    network.eval()
    total_loss, correct = 0.0, 0
    with torch.inference_mode():
        for first in range(0, len(labels), _EVALUATION_BATCH):
            part = slice(first, first + _EVALUATION_BATCH)
            target = torch.from_numpy(labels[part])
            logits = network(standardise(images[part]))
            total_loss += functional.cross_entropy(logits, target, reduction="sum").item()
            correct += int((logits.argmax(1) == target).sum())
    network.train()
    return total_loss / len(labels), 100 * correct / len(labels)


class _Run:
    """What changes while a network trains: weights, optimiser, position and clocks."""

    def __init__(self, config: RunConfig, network: nn.Module, resume: Checkpoint | None) -> None:
        # channels_last is the layout in which PyTorch's CPU convolutions and poolings are fastest at this size.
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.SGD(
            network.parameters(), lr=config.learning_rate, momentum=config.momentum, fused=True
        )
        self.config = config
        self.has_dropout = any(isinstance(layer, Dropout) for layer in config.architecture.layers)
        self.step = 0
        self.seconds = 0.0
        self.epoch_seconds = 0.0
        self.seconds_at_checkpoint = 0.0
        if resume:
            self._restore(resume)

    def _restore(self, resume: Checkpoint) -> None:
        state = torch.load(io.BytesIO(resume.state), weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.epoch_seconds = resume.step, resume.seconds, resume.epoch_seconds
        self.seconds_at_checkpoint = resume.seconds

    def train_batch(self, images: Tensor, labels: Tensor) -> float:
        """One step of stochastic gradient descent; the batch's mean loss before it."""
        if self.has_dropout:
            torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        loss = functional.cross_entropy(self.network(images), labels)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def spend(self, seconds: float) -> None:
        self.seconds += seconds
        self.epoch_seconds += seconds

    def finish_epoch(self, epoch: int, pool: Pool, parts: Split) -> EpochResult:
        begin = time.perf_counter()
        loss, accuracy = evaluate(self.network, pool.images[parts.validation], pool.labels[parts.validation])
        _, test_accuracy = evaluate(self.network, pool.images[parts.test], pool.labels[parts.test])
        evaluation_seconds = time.perf_counter() - begin
        result = EpochResult(
            epoch, self.step - 1, loss, accuracy, test_accuracy, self.epoch_seconds, evaluation_seconds
        )
        self.seconds += evaluation_seconds
        self.epoch_seconds = 0.0
        return result

    def checkpoint(self) -> Checkpoint:
        state = io.BytesIO()
        torch.save({"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}, state)
        self.seconds_at_checkpoint = self.seconds
        return Checkpoint(self.step, self.seconds, self.epoch_seconds, state.getvalue())

    @property
    def checkpoint_due(self) -> bool:
        return self.seconds - self.seconds_at_checkpoint >= CHECKPOINT_SECONDS


def _train_epoch(run: _Run, pool: Pool, order: NDArray[np.int64], first_step: int) -> Iterator[Record]:
    """The rest of an epoch whose first batch is number `first_step`, from wherever the run stands in it."""
    losses: list[float] = []
    reported = time.perf_counter()
    remaining = order[(run.step - first_step) * run.config.batch_size :]
    for images, labels in _batches(pool, remaining, run.config.batch_size):
        losses.append(run.train_batch(images, labels))
        elapsed = time.perf_counter() - reported
        if elapsed >= REPORT_SECONDS:
            run.spend(elapsed)
            yield BatchLosses(run.step - len(losses), tuple(losses))
            losses = []
            if run.checkpoint_due:
                yield run.checkpoint()
            # Time that the receiver takes between two records is not training time.
            reported = time.perf_counter()
    run.spend(time.perf_counter() - reported)
    if losses:
        yield BatchLosses(run.step - len(losses), tuple(losses))


def _batches(pool: Pool, order: NDArray[np.int64], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches in order; images are gathered and standardised for many batches at a time, which a step of five
    images would otherwise spend a tenth of its time on. The last batch holds what is left."""
    stride = _GATHER_BATCHES * batch_size
    for first in range(0, len(order), stride):
        chosen = order[first : first + stride]
        images = standardise(pool.images[chosen]).split(batch_size)
        labels = torch.from_numpy(pool.labels[chosen]).split(batch_size)
        yield from zip(images, labels, strict=True)


def _started(config: RunConfig, pool: Pool, parts: Split, network: nn.Module, first_step: int) -> RunStarted:
    orders = (batch_order(config, parts.train, epoch) for epoch in range(config.epochs))
    return RunStarted(
        first_step=first_step,
        commonest_share=100 * np.bincount(pool.labels[parts.test], minlength=CLASSES).max().item() / len(parts.test),
        weights_hash=_hash(parameter.detach().numpy() for parameter in network.parameters()),
        split_hash=_hash((parts.train, parts.validation, parts.test)),
        order_hash=_hash(orders),
        versions={"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__},
        data_note=pool.note,
    )


def _hash(arrays: Iterable[NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
