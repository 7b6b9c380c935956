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
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from hw5core.architecture import Activate, Dropout
from hw5core.config import CLASSES, RunConfig
from hw5core.datasets import MEAN, STD, Pool, Split, split
from hw5core.networks import initial_network
from hw5core.parameters import count
from hw5core.records import BatchLosses, Checkpoint, EpochResult, LayerStatistics, Record, RunFinished, RunStarted

REPORT_SECONDS = 0.2
"""How long losses are gathered before they are sent on: often for a live chart, seldom enough to cost nothing."""

CHECKPOINT_SECONDS = 10.0
"""The most training that a killed worker loses."""

STATISTICS_STEPS = 100
"""Every so many batches the layers are measured: it takes as long as a step or two, so less than a hundredth in all."""

SATURATED_SLOPE = 0.01
"""A unit whose activation's derivative is smaller than this in absolute value passes back next to nothing of the
gradient. For sigmoid, whose derivative is at most 0.25, it means |x| > 4.6; for ReLU, x <= 0."""

_Answers = tuple[list[float], list[int]]
"""Of one batch: each image's loss, and the class that the network gave it."""

_GATHER_BATCHES = 200
_EVALUATION_BATCH = 100


def train(
    config: RunConfig, pool: Pool, resume: Checkpoint | None = None, stop: Callable[[], bool] = lambda: False
) -> Iterator[Record]:
    """Train the config's network on the pool's images, from the beginning or from a checkpoint of the same config.

    Yields RunStarted, then BatchLosses as they gather, LayerStatistics every STATISTICS_STEPS, an EpochResult and a
    Checkpoint after every epoch, a Checkpoint at least every CHECKPOINT_SECONDS in between, and RunFinished. Asked to
    `stop`, which it is after every batch inside an epoch, it ends early with a Checkpoint. Uses torch's threads as the
    caller set them.
    """
    parts = split_for(config, len(pool.labels))
    network = initial_network(config.architecture, config.seed, config.initialisation)
    yield _started(config, pool, parts, network, resume.step if resume else 0)

    run = _Run(config, network, resume)
    for epoch in range(run.step // config.steps_per_epoch, config.epochs):
        yield from _train_epoch(run, pool, batch_order(config, parts.train, epoch), epoch, stop)
        if run.stopped:
            yield run.checkpoint()
            return
        yield run.finish_epoch(epoch, pool, parts)
        yield run.checkpoint(epoch)
    yield RunFinished(run.step, run.seconds)


def split_for(config: RunConfig, images: int) -> Split:
    """How the config deals out a pool of so many images; of the training images it takes the first
    `images_per_epoch`, which are a random choice because the split is one."""
    parts = split(images, config.split_seed)
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
        self.optimiser = _Sgd(list(network.parameters()), config.learning_rate, config.momentum)
        self.config = config
        self.names = [row.name for row in count(config.architecture).rows]
        self.has_dropout = any(isinstance(layer, Dropout) for layer in config.architecture.layers)
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
        self.optimiser.velocities = state["velocities"]
        self.step, self.seconds, self.epoch_seconds = resume.step, resume.seconds, resume.epoch_seconds
        self.seconds_at_checkpoint = resume.seconds

    def train_batch(self, images: Tensor, labels: Tensor) -> _Answers:
        """One step of stochastic gradient descent along the gradient of the batch's mean loss; how each of its images
        fared before it."""
        if self.has_dropout:
            torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        logits = self.network(images)
        losses = functional.cross_entropy(logits, labels, reduction="none")
        self.optimiser.clear()
        losses.mean().backward()
        self.optimiser.step()
        self.step += 1
        return losses.tolist(), logits.argmax(1).tolist()

    @property
    def measures_next(self) -> bool:
        return self.step % STATISTICS_STEPS == 0

    def train_and_measure(self, images: Tensor, labels: Tensor) -> tuple[_Answers, LayerStatistics]:
        """The same step with the same numbers, and how the layers fared in it."""
        step = self.step
        weights = {
            name: module.weight
            for name, module in zip(self.names, self.network, strict=True)
            if isinstance(getattr(module, "weight", None), nn.Parameter)
        }
        weight_norms = {name: weight.norm().item() for name, weight in weights.items()}
        with self._activation_inputs() as inputs:
            answers = self.train_batch(images, labels)
        # The gradients stay until the next step takes its own.
        gradient_norms = {
            name: weight.grad.norm().item() for name, weight in weights.items() if weight.grad is not None
        }
        saturated = {name: saturated_share(module, received) for name, (module, received) in inputs.items()}
        return answers, LayerStatistics(step, weight_norms, gradient_norms, saturated)

    @contextmanager
    def _activation_inputs(self) -> Iterator[dict[str, tuple[nn.Module, Tensor]]]:
        """Per activation's name its module and what it is given, filled in by the forward passes inside the block."""
        inputs: dict[str, tuple[nn.Module, Tensor]] = {}

        def watch(name: str, module: nn.Module) -> RemovableHandle:
            def note(_module: nn.Module, received: tuple[Tensor, ...]) -> None:
                inputs[name] = module, received[0].detach()

            return module.register_forward_pre_hook(note)

        layers = zip(self.names, self.network, self.config.architecture.layers, strict=True)
        hooks = [watch(name, module) for name, module, layer in layers if isinstance(layer, Activate)]
        try:
            yield inputs
        finally:
            for hook in hooks:
                hook.remove()

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

    def checkpoint(self, ended_epoch: int | None = None) -> Checkpoint:
        state = io.BytesIO()
        torch.save({"network": self.network.state_dict(), "velocities": self.optimiser.velocities}, state)
        self.seconds_at_checkpoint = self.seconds
        return Checkpoint(self.step, self.seconds, self.epoch_seconds, state.getvalue(), ended_epoch)

    @property
    def checkpoint_due(self) -> bool:
        return self.seconds - self.seconds_at_checkpoint >= CHECKPOINT_SECONDS


class _Sgd:
    """Stochastic gradient descent with momentum, as torch.optim.SGD computes it. That class would bring torch's
    compiler with it: 38 MiB and 0.6 s for each worker."""

    def __init__(self, parameters: list[nn.Parameter], learning_rate: float, momentum: float) -> None:
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [torch.zeros_like(parameter) for parameter in parameters] if momentum else []

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter against its gradient (with momentum, along its velocity) by the learning rate."""
        for number, parameter in enumerate(self.parameters):
            move = parameter.grad
            assert move is not None
            if self.momentum:
                move = self.velocities[number].mul_(self.momentum).add_(move)
            parameter.add_(move, alpha=-self.learning_rate)

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        for parameter in self.parameters:
            parameter.grad = None


def _train_epoch(
    run: _Run, pool: Pool, order: NDArray[np.int64], epoch: int, stop: Callable[[], bool]
) -> Iterator[Record]:
    """The rest of an epoch that sees the images in this order, from wherever the run stands in it."""
    last_step = (epoch + 1) * run.config.steps_per_epoch
    report = _Report(run.step)
    reported = time.perf_counter()
    remaining = order[(run.step % run.config.steps_per_epoch) * run.config.batch_size :]
    for images, labels in _batches(pool, remaining, run.config.batch_size):
        report.add(
            *run.train_and_measure(images, labels) if run.measures_next else (run.train_batch(images, labels), None)
        )
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
        self._means: list[float] = []
        self._examples: list[float] = []
        self._predictions: list[int] = []
        self._statistics: list[LayerStatistics] = []

    def add(self, answers: _Answers, statistics: LayerStatistics | None) -> None:
        examples, predictions = answers
        self._means.append(sum(examples) / len(examples))
        self._examples += examples
        self._predictions += predictions
        if statistics:
            self._statistics.append(statistics)

    def take(self, seconds: float) -> list[Record]:
        """The records of the batches since the last time, after so many seconds of training."""
        losses = BatchLosses(
            self._first_step, tuple(self._means), tuple(self._examples), tuple(self._predictions), seconds
        )
        taken: list[Record] = [losses, *self._statistics]
        self._first_step += len(self._means)
        self._means, self._examples, self._predictions, self._statistics = [], [], [], []
        return taken


def saturated_share(activation: nn.Module, received: Tensor) -> float:
    """The share of units whose activation has a derivative under SATURATED_SLOPE at what it was given; the derivative
    is asked of PyTorch, so it holds for every activation."""
    inputs = received.requires_grad_()
    (slope,) = torch.autograd.grad(activation(inputs).sum(), inputs)
    return (slope.abs() < SATURATED_SLOPE).float().mean().item()


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
