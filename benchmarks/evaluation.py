"""Evaluation of an image by the homework's network on one thread, compared with the arithmetic floor.

The floor is the time in which this machine computes as many MACs when it multiplies large matrices. It leaves out that
the network's matrices are small and narrow, so their products are measured too: no evaluation with them can be faster.
All times are processor time, because everything runs on one thread: other load on the machine distorts it less.
"""

import time
from collections.abc import Callable
from math import prod

import numpy as np
import torch

from benchmarks.measurement import Measurement, Target, alternate, measured, ratio_over
from benchmarks.step import matrix_seconds
from hw5core.network.counting import count
from hw5core.network.layers import Conv, Linear
from hw5core.runs.config import RunConfig
from hw5core.training.backprop import Backprop
from hw5core.training.evaluation import EVALUATION_BATCH, evaluate
from hw5core.training.inputs import standardise
from hw5core.training.modules import initial_network

ROUNDS = 30
IMAGES = 2_000
_TARGET = Target(1.3)


def measure() -> list[Measurement]:
    """Measure both networks, the matrix products alone, and PyTorch's modules."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = alternate(
            {
                "relu": _ours("relu"),
                "sigmoid": _ours("sigmoid"),
                "matrix products": _products(),
                "modules": _modules(),
                "floor": lambda: 2 * _macs() * matrix_seconds(time.thread_time),
            },
            ROUNDS,
        )
    finally:
        torch.set_num_threads(threads)
    floor = seconds["floor"]
    return [
        _image("evaluation of an image, ReLU", seconds["relu"], floor, _TARGET),
        _image("evaluation of an image, sigmoid", seconds["sigmoid"], floor, _TARGET),
        _image("  its matrix products alone", seconds["matrix products"], floor),
        _image("the same, ReLU, PyTorch's modules", seconds["modules"], floor),
    ]


def _image(what: str, seconds: list[float], floor: list[float], target: Target | None = None) -> Measurement:
    ratio = ratio_over(seconds, "the arithmetic floor", floor, target)
    return measured(what, [1e6 * each for each in seconds], "µs", ratio=ratio)


def _macs() -> int:
    return sum(row.macs for row in count(RunConfig().architecture).rows)


def _per_image(work: Callable[[], object]) -> Callable[[], float]:
    """Return a task that gives the seconds per image if `work` evaluates IMAGES images."""

    def task() -> float:
        start = time.thread_time()
        work()
        return (time.thread_time() - start) / IMAGES

    return torch.inference_mode()(task)


def _images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28), dtype=np.uint8)


def _ours(activation: str) -> Callable[[], float]:
    config = RunConfig(activation=activation)
    backprop = Backprop(initial_network(config.architecture, 0), config.learning_rate)
    images, labels = _images(), np.zeros(IMAGES, np.int64)
    return _per_image(lambda: evaluate(backprop, images, labels, "mnist"))


def _modules() -> Callable[[], float]:
    network = initial_network(RunConfig().architecture, 0).to(memory_format=torch.channels_last)
    images = _images()
    return _per_image(lambda: [network(batch) for batch in standardise(images, "mnist").split(100)])


def _products() -> Callable[[], float]:
    """Return a task with the products of the layers' weights and images: nothing is copied, added or pooled."""
    work = []
    for row in count(RunConfig().architecture).rows:
        if isinstance(row.layer, Conv | Linear):
            outputs, *sides = row.output_shape
            columns = prod(sides) * EVALUATION_BATCH
            inputs = row.macs * EVALUATION_BATCH // (outputs * columns)
            work.append((torch.randn(outputs, inputs), torch.randn(inputs, columns), torch.empty(outputs, columns)))
    batches = IMAGES // EVALUATION_BATCH
    return _per_image(lambda: [torch.mm(one, two, out=out) for _ in range(batches) for one, two, out in work])
