"""The training loop: trains one network as its config says, and yields records of its progress.

`train` is a plain generator, so that tests, the terminal and workers use it in the same way. Everything random (initial
weights, split, order of the batches, dropout) follows from the config's seeds and the number of the batch. So a run
that continues from a checkpoint ends with the same numbers as an uninterrupted one, bit for bit in an equal
`environment`.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hw5core.data.datasets import DATASETS, Pool, Split
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.runs.measured_batches import is_measured
from hw5core.runs.records import (
    EARLY_STEPS,
    MAX_EARLY_BYTES,
    BatchLosses,
    Checkpoint,
    EpochResult,
    LayerReport,
    LayerStatistics,
    Record,
    RunFinished,
    RunStarted,
)
from hw5core.training.backprop import Backprop
from hw5core.training.environment import environment
from hw5core.training.evaluation import evaluate
from hw5core.training.inputs import batch_order, dropout_seed, split_for, standardise
from hw5core.training.kernel import Hook
from hw5core.training.measuring import Measuring
from hw5core.training.modules import initial_network
from hw5core.training.warm_start import starting_checkpoint

REPORT_SECONDS = 0.2
"""How long losses are collected before they are reported: short enough for a live chart, long enough to cost little."""

CHECKPOINT_SECONDS = 10.0
"""How often a checkpoint is taken: a killed worker loses at most this much training."""

_GATHER_BATCHES = 50
"""The number of batches whose images are standardised together. They fit into the cache."""


def train(
    config: RunConfig, pool: Pool, resume: Checkpoint | None = None, stop: Callable[[], bool] = lambda: False
) -> Iterator[Record]:
    """Train the config's network on the pool's images, from its initial weights or from a checkpoint.

    The checkpoint is one of the same config; a fork starts from a checkpoint of its parent. Yield RunStarted, then
    BatchLosses every REPORT_SECONDS, with a LayerReport if batches were measured, an EpochResult and a Checkpoint after
    every epoch, a Checkpoint at least every CHECKPOINT_SECONDS within an epoch and after EARLY_STEPS of the first, and
    RunFinished at the end. `stop` is called after every batch; when it returns True within an epoch, training ends with
    a Checkpoint. The caller sets the number of torch's threads.
    """
    parts = split_for(config, len(pool.labels))
    network = initial_network(config.architecture, config.seed, config.initialisation)
    yield _started(config, pool, parts, network, resume.step if resume else 0)

    run = _Run(config, network, starting_checkpoint(config, resume) if resume else None)
    for epoch in range(run.step // config.steps_per_epoch, config.epochs):
        yield from _train_epoch(run, pool, batch_order(config, parts.train, epoch), epoch, stop)
        if run.stopped:
            yield run.checkpoint()
            return
        yield run.finish_epoch(epoch, pool, parts)
        yield run.checkpoint(epoch)
    yield RunFinished(run.step, run.seconds)


class _Run:
    """The state of a training: weights, velocities, number of batches, and clocks."""

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
        """Take one step of stochastic gradient descent. Return the log-probabilities (n, classes) before it."""
        if self.has_dropout:
            self.backprop.generator.manual_seed(dropout_seed(self.config, self.step))
        log_probabilities = self.backprop.step(images, labels, hook)
        self.step += 1
        return log_probabilities

    def train_and_measure(self, images: Tensor, labels: Tensor) -> tuple[Tensor, LayerStatistics]:
        """Take one step of gradient descent, as `train_batch` does, and measure the layers.

        Return the log-probabilities (n, classes) before the step, and the measurements.
        """
        measuring = Measuring(self.step, self.names, self.config.learning_rate)
        return self.train_batch(images, labels, measuring), measuring.statistics

    def add_time(self, seconds: float) -> None:
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
    def is_early(self) -> bool:
        """Return True if a checkpoint of this step is kept, because it is one of EARLY_STEPS and small enough."""
        is_one = self.step in EARLY_STEPS and self.step < self.config.steps_per_epoch
        return is_one and self._state_bytes <= MAX_EARLY_BYTES

    @property
    def _state_bytes(self) -> int:
        tensors = [*self.network.state_dict().values(), *self.backprop.velocities]
        return sum(tensor.nbytes for tensor in tensors)

    @property
    def checkpoint_due(self) -> bool:
        return self.is_early or self.seconds - self.seconds_at_checkpoint >= CHECKPOINT_SECONDS


def _train_epoch(
    run: _Run, pool: Pool, order: NDArray[np.int64], epoch: int, stop: Callable[[], bool]
) -> Iterator[Record]:
    """Train the rest of an epoch, whose images come in this order, and yield its records."""
    last_step = (epoch + 1) * run.config.steps_per_epoch
    losses = _LossCollector(run.step)
    reported = time.perf_counter()
    remaining = order[(run.step % run.config.steps_per_epoch) * run.config.batch_size :]
    for images, labels in _batches(pool, remaining, run.config):
        if is_measured(run.config, run.step):
            log_probabilities, statistics = run.train_and_measure(images, labels)
        else:
            log_probabilities, statistics = run.train_batch(images, labels), None
        losses.add(log_probabilities, labels, statistics)
        elapsed = time.perf_counter() - reported
        is_stopping = stop()
        # The epoch's last batch is reported after the loop: a checkpoint here would skip the evaluation.
        if (is_stopping or run.is_early or elapsed >= REPORT_SECONDS) and run.step < last_step:
            run.add_time(elapsed)
            yield from losses.take(run.seconds)
            if is_stopping:
                run.stopped = True
                return
            if run.checkpoint_due:
                yield run.checkpoint()
            # What the caller does between two records is not training time.
            reported = time.perf_counter()
    run.add_time(time.perf_counter() - reported)
    yield from losses.take(run.seconds)


class _LossCollector:
    """Collects the log-probabilities of consecutive batches, and looks up their losses when they are reported."""

    def __init__(self, first_step: int) -> None:
        self._first_step = first_step
        self._log_probabilities: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._statistics: list[LayerStatistics] = []

    def add(self, log_probabilities: Tensor, labels: Tensor, statistics: LayerStatistics | None) -> None:
        self._log_probabilities.append(log_probabilities)
        self._labels.append(labels)
        if statistics:
            self._statistics.append(statistics)

    def take(self, seconds: float) -> list[Record]:
        """Return the records of the batches since the last call. `seconds` is the training time so far."""
        log_probabilities = torch.cat(self._log_probabilities)
        # The loss of an example is minus the logarithm of its label's probability.
        losses = log_probabilities.gather(1, torch.cat(self._labels).unsqueeze(1)).neg().flatten().tolist()
        values = iter(losses)
        batches = [list(islice(values, len(labels))) for labels in self._labels]
        means = tuple(sum(batch) / len(batch) for batch in batches)
        predictions = log_probabilities.argmax(1).tolist()
        records: list[Record] = [BatchLosses(self._first_step, means, tuple(losses), tuple(predictions), seconds)]
        if self._statistics:
            records.append(LayerReport(tuple(self._statistics)))
        self._first_step += len(means)
        self._log_probabilities, self._labels, self._statistics = [], [], []
        return records


def _batches(pool: Pool, order: NDArray[np.int64], config: RunConfig) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches in order. The last one may be smaller.

    Images are standardised for many batches together: one batch at a time, this would take a tenth of a step.
    """
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
        versions=environment(),
        data_note=pool.note,
    )


def _hash(arrays: Iterable[NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
