"""Trains one network as its config says and tells what happens, record by record.

`train` is a plain generator: a test, a terminal and a Dask worker drive it the same way. All that is random follows
from the config's seeds by position (first weights, split, order of the batches, dropout), so a run that goes on from a
checkpoint ends with the same numbers as one that was never interrupted, bit for bit on one machine.
"""

import hashlib
import io
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hw5core.data.datasets import DATASETS, Pool, Split, split
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, LayerStatistics, Record, RunFinished, RunStarted
from hw5core.training.backprop import Backprop, Hook, Kernel
from hw5core.training.modules import initial_network
from hw5core.training.warm_start import own_checkpoint

REPORT_SECONDS = 0.2
"""How long losses are gathered before they are sent on: often for a live chart, seldom enough to cost nothing."""

CHECKPOINT_SECONDS = 10.0
"""The most training that a killed worker loses."""

STATISTICS_STEPS = 100
"""Every so many batches the layers are measured: it takes as long as a step or two, so less than a hundredth in all."""

SATURATED_SLOPE = 0.01
"""A unit whose activation's derivative is smaller than this in absolute value passes back next to nothing of the
gradient. For sigmoid, whose derivative is at most 0.25, it means |x| > 4.6; for ReLU, x <= 0."""

_GATHER_BATCHES = 200
_EVALUATION_BATCH = 20  # so few that what a layer puts out is still in the processor's cache when the next one reads it


def use_one_thread() -> None:
    """Let torch use one thread in this process. More threads make a small training step slower."""
    torch.set_num_threads(1)


def train(
    config: RunConfig, pool: Pool, resume: Checkpoint | None = None, stop: Callable[[], bool] = lambda: False
) -> Iterator[Record]:
    """Train the config's network on the pool's images, from the beginning or from a checkpoint of the same config; a
    branch's first checkpoint is its parent's.

    Yields RunStarted, then BatchLosses as they gather, LayerStatistics every STATISTICS_STEPS, an EpochResult and a
    Checkpoint after every epoch, a Checkpoint at least every CHECKPOINT_SECONDS in between, and RunFinished. Asked to
    `stop`, which it is after every batch inside an epoch, it ends early with a Checkpoint. Uses torch's threads as the
    caller set them.
    """
    parts = split_for(config, len(pool.labels))
    network = initial_network(config.architecture, config.seed, config.initialisation)
    yield _started(config, pool, parts, network, resume.step if resume else 0)

    run = _Run(config, network, own_checkpoint(config, resume) if resume else None)
    for epoch in range(run.step // config.steps_per_epoch, config.epochs):
        yield from _train_epoch(run, pool, batch_order(config, parts.train, epoch), epoch, stop)
        if run.stopped:
            yield run.checkpoint()
            return
        yield run.finish_epoch(epoch, pool, parts)
        yield run.checkpoint(epoch)
    yield RunFinished(run.step, run.seconds)


def split_for(config: RunConfig, images: int) -> Split:
    """How the config deals out a pool of so many images: each seed anew, so that runs of several seeds are repetitions
    of the whole homework, its test images included. Of the training images it takes the first `images_per_epoch`, which
    are a random choice because the split is one."""
    parts = split(images, config.seed + config.split_seed)
    return replace(parts, train=parts.train[: config.images_per_epoch])


def batch_order(config: RunConfig, train_indices: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch sees the training images: a permutation drawn from (seed, epoch) alone, so any
    batch's images can be found again without having been stored."""
    return np.random.default_rng([config.seed, epoch]).permutation(train_indices)


def batch_indices(config: RunConfig, images: int, step: int) -> NDArray[np.int64]:
    """Which images of a pool of `images` made up batch number `step` of the whole run: indices into the pool."""
    epoch, batch = divmod(step, config.steps_per_epoch)
    first = batch * config.batch_size
    return batch_order(config, split_for(config, images).train, epoch)[first : first + config.batch_size]


def standardise(images: NDArray[np.uint8], dataset: str) -> Tensor:
    """Return images (n, height, width) as float32 (n, 1, height, width), standardised as the dataset says."""
    chosen = DATASETS[dataset]
    return ((torch.from_numpy(images).float() - 255 * chosen.mean) / (255 * chosen.std)).unsqueeze(1)


@torch.inference_mode()
def evaluate(
    backprop: Backprop, images: NDArray[np.uint8], labels: NDArray[np.int64], dataset: str
) -> tuple[float, float]:
    """Mean cross-entropy (nats) and accuracy (percent) of the network in evaluation mode."""
    total_loss, correct = 0.0, 0
    for first in range(0, len(labels), _EVALUATION_BATCH):
        part = slice(first, first + _EVALUATION_BATCH)
        target = torch.from_numpy(labels[part])
        logits = backprop.predict(standardise(images[part], dataset))
        total_loss += functional.cross_entropy(logits, target, reduction="sum").item()
        correct += int((logits.argmax(1) == target).sum())
    return total_loss / len(labels), 100 * correct / len(labels)


class _Run:
    """What changes while a network trains: weights, velocities, position and clocks."""

    def __init__(self, config: RunConfig, network: nn.Sequential, resume: Checkpoint | None) -> None:
        self.network = network
        self.backprop = Backprop(network, config.learning_rate, config.momentum)
        self.config = config
        self.names = [row.name for row in count(config.architecture).rows]
        self.has_dropout = any(isinstance(module, nn.Dropout) for module in network)
        self.step = 0
        self.seconds = 0.0
        self.epoch_seconds = 0.0
        self.seconds_at_checkpoint = 0.0
        self.stopped = False
        if resume:
            self._restore(resume)

    def _restore(self, resume: Checkpoint) -> None:
        state = torch.load(io.BytesIO(resume.state), weights_only=True)
        self.network.load_state_dict(state["network"])
        self.backprop.velocities = state["velocities"]
        self.step, self.seconds, self.epoch_seconds = resume.step, resume.seconds, resume.epoch_seconds
        self.seconds_at_checkpoint = resume.seconds

    @torch.inference_mode()
    def train_batch(self, images: Tensor, labels: Tensor, hook: Hook | None = None) -> Tensor:
        """One step of stochastic gradient descent; the batch's logits before it."""
        if self.has_dropout:
            self.backprop.generator.manual_seed(dropout_seed(self.config, self.step))
        logits = self.backprop.step(images, labels, hook)
        self.step += 1
        return logits

    @property
    def measures_next(self) -> bool:
        return self.step % STATISTICS_STEPS == 0

    def train_and_measure(self, images: Tensor, labels: Tensor) -> tuple[Tensor, LayerStatistics]:
        """The same step with the same numbers, and how the layers fared in it."""
        measured = LayerStatistics(self.step, {}, {}, {})

        def hook(number: int, kernel: Kernel, saved: Any, grads: Any) -> None:
            name = self.names[number]
            if kernel.parameters:
                measured.weight_norms[name] = kernel.parameters[0].norm().item()
                measured.gradient_norms[name] = kernel.parameter_grads(grads)[0].norm().item()
            slope = kernel.derivative(saved)
            if slope is not None:
                measured.saturated[name] = saturated_share(slope)

        return self.train_batch(images, labels, hook), measured

    def spend(self, seconds: float) -> None:
        self.seconds += seconds
        self.epoch_seconds += seconds

    def finish_epoch(self, epoch: int, pool: Pool, parts: Split) -> EpochResult:
        begin = time.perf_counter()
        (loss, accuracy), (_, test_accuracy) = (
            evaluate(self.backprop, pool.images[part], pool.labels[part], self.config.dataset)
            for part in (parts.validation, parts.test)
        )
        evaluation_seconds = time.perf_counter() - begin
        result = EpochResult(
            epoch, self.step - 1, loss, accuracy, test_accuracy, self.epoch_seconds, evaluation_seconds
        )
        self.seconds += evaluation_seconds
        self.epoch_seconds = 0.0
        return result

    def checkpoint(self, ended_epoch: int | None = None) -> Checkpoint:
        state = io.BytesIO()
        torch.save({"network": self.network.state_dict(), "velocities": self.backprop.velocities}, state)
        self.seconds_at_checkpoint = self.seconds
        return Checkpoint(self.step, self.seconds, self.epoch_seconds, state.getvalue(), ended_epoch)

    @property
    def checkpoint_due(self) -> bool:
        return self.seconds - self.seconds_at_checkpoint >= CHECKPOINT_SECONDS


def _train_epoch(
    run: _Run, pool: Pool, order: NDArray[np.int64], epoch: int, stop: Callable[[], bool]
) -> Iterator[Record]:
    """The rest of an epoch that sees the images in this order, from wherever the run stands in it."""
    last_step = (epoch + 1) * run.config.steps_per_epoch
    report = _Report(run.step)
    reported = time.perf_counter()
    remaining = order[(run.step % run.config.steps_per_epoch) * run.config.batch_size :]
    for images, labels in _batches(pool, remaining, run.config):
        if run.measures_next:
            logits, statistics = run.train_and_measure(images, labels)
        else:
            logits, statistics = run.train_batch(images, labels), None
        report.add(logits, labels, statistics)
        elapsed = time.perf_counter() - reported
        stopping = stop()
        # The last batch is told after the loop: a checkpoint there would skip the epoch's evaluation.
        if (stopping or elapsed >= REPORT_SECONDS) and run.step < last_step:
            run.spend(elapsed)
            yield from report.take(run.seconds)
            if stopping:
                run.stopped = True
                return
            if run.checkpoint_due:
                yield run.checkpoint()
            # Time that the receiver takes between two records is not training time.
            reported = time.perf_counter()
    run.spend(time.perf_counter() - reported)
    yield from report.take(run.seconds)


class _Report:
    """Gathers what consecutive batches tell until it is sent on."""

    def __init__(self, first_step: int) -> None:
        self._first_step = first_step
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._statistics: list[LayerStatistics] = []

    def add(self, logits: Tensor, labels: Tensor, statistics: LayerStatistics | None) -> None:
        self._logits.append(logits)
        self._labels.append(labels)
        if statistics:
            self._statistics.append(statistics)

    def take(self, seconds: float) -> list[Record]:
        """The records of the batches since the last time, after so many seconds of training."""
        # Batch by batch, because the last bit of a loss depends on how many are computed at once.
        batches = [
            functional.cross_entropy(logits, labels, reduction="none").tolist()
            for logits, labels in zip(self._logits, self._labels, strict=True)
        ]
        means = tuple(sum(losses) / len(losses) for losses in batches)
        predictions = torch.cat(self._logits).argmax(1).tolist()
        told = BatchLosses(self._first_step, means, tuple(chain(*batches)), tuple(predictions), seconds)
        taken: list[Record] = [told, *self._statistics]
        self._first_step += len(means)
        self._logits, self._labels, self._statistics = [], [], []
        return taken


def dropout_seed(config: RunConfig, step: int) -> int:
    """What dropout's generator is seeded with for this batch."""
    return config.seed * 1_000_003 + step


def saturated_share(derivative: Tensor) -> float:
    """The share of units, whose activation's derivative this is, that pass back next to nothing of the gradient."""
    return (derivative.abs() < SATURATED_SLOPE).float().mean().item()


def _batches(pool: Pool, order: NDArray[np.int64], config: RunConfig) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches in order; images are gathered and standardised for many batches at a time, which a step of five
    images would otherwise spend a tenth of its time on. The last batch holds what is left."""
    stride = _GATHER_BATCHES * config.batch_size
    for first in range(0, len(order), stride):
        chosen = order[first : first + stride]
        images = standardise(pool.images[chosen], config.dataset).split(config.batch_size)
        labels = torch.from_numpy(pool.labels[chosen]).split(config.batch_size)
        yield from zip(images, labels, strict=True)


def _started(config: RunConfig, pool: Pool, parts: Split, network: nn.Module, first_step: int) -> RunStarted:
    orders = (batch_order(config, parts.train, epoch) for epoch in range(config.epochs))
    most_common = np.bincount(pool.labels[parts.test], minlength=DATASETS[config.dataset].classes).max().item()
    return RunStarted(
        first_step=first_step,
        commonest_share=100 * most_common / len(parts.test),
        weights_hash=_hash(parameter.detach().numpy() for parameter in network.parameters()),
        split_hash=_hash((parts.train, parts.validation, parts.test)),
        order_hash=_hash(orders),
        versions={
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "machine": f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        },
        data_note=pool.note,
    )


def _hash(arrays: Iterable[NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
