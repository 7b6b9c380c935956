"""One training step of the homework's network on one thread: ours, with autograd, and in JAX if it is installed.

Also measures the share of the machine's matrix multiplication rate that the step reaches, and the time of its parts.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from benchmarks.measurement import Measurement, alternate, measured, milliseconds, ratio_over
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.training.backprop import Backprop, loss_gradient
from hw5core.training.kernel import Kernel
from hw5core.training.modules import initial_network

ROUNDS = 30
STEPS = 100
BATCH = 5


def measure() -> list[Measurement]:
    """Measure the step, the ratio of other implementations to it, its share of the matrix rate, and its parts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [*_against_peers(), *_parts()]
    finally:
        torch.set_num_threads(threads)


def _against_peers() -> list[Measurement]:
    tasks: dict[str, Callable[[], float]] = {
        "ours": _timed(_ours("relu")),
        "ours, sigmoid": _timed(_ours("sigmoid")),
        "autograd and torch.optim": _timed(_autograd()),
        "matrix product": matrix_seconds,
    }
    if find_spec("jax"):
        tasks["JAX"] = _jax()
    seconds = alternate(tasks, ROUNDS)
    ours = seconds["ours"]
    shares = [
        100 * flop_per_step() * per_flop / mine for mine, per_flop in zip(ours, seconds["matrix product"], strict=True)
    ]
    peers = [name for name in ("autograd and torch.optim", "JAX") if name in seconds]
    return [
        milliseconds("training step, ReLU, one thread", ours),
        milliseconds("training step, sigmoid, one thread", seconds["ours, sigmoid"]),
        *(_peer(name, ours, seconds[name]) for name in peers),
        measured("share of the matrix rate that the step reaches", shares, "%"),
    ]


def _peer(name: str, ours: list[float], theirs: list[float]) -> Measurement:
    figure = [1000 * seconds for seconds in theirs]
    return measured(f"the same step, {name}", figure, "ms", ratio=ratio_over(theirs, "ours", ours))


def flop_per_step() -> float:
    """Return the additions and multiplications of a step: two per MAC, for the forward pass, the gradients of weights
    and the gradients of inputs. The first layer's input needs no gradient."""
    rows = count(RunConfig().architecture).rows
    macs = [row.macs for row in rows]
    return 2 * BATCH * (3 * sum(macs) - next(each for each in macs if each))


def _batches() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(STEPS, BATCH, 1, 28, 28, generator=generator)
    return images, torch.randint(0, 10, (STEPS, BATCH), generator=generator)


def _timed(step: Callable[[Tensor, Tensor], object]) -> Callable[[], float]:
    """Return a task that gives the seconds per step over STEPS steps."""
    images, labels = _batches()

    def task() -> float:
        start = time.perf_counter()
        for one in zip(images, labels, strict=True):
            step(*one)
        return (time.perf_counter() - start) / STEPS

    return task


def _ours(activation: str) -> Callable[[Tensor, Tensor], object]:
    config = RunConfig(activation=activation)
    return torch.inference_mode()(Backprop(initial_network(config.architecture, 0), config.learning_rate).step)


def _autograd() -> Callable[[Tensor, Tensor], object]:
    """Return a step with PyTorch's modules, in the memory format that is fastest for them, and a fused optimiser."""
    config = RunConfig()
    network = initial_network(config.architecture, 0).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), config.learning_rate, fused=True)
    criterion = nn.CrossEntropyLoss()

    def step(images: Tensor, labels: Tensor) -> float:
        optimiser.zero_grad()
        loss = criterion(network(images), labels)
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def _jax() -> Callable[[], float]:
    from benchmarks.jax_step import JaxStep

    images, labels = (values.numpy() for values in _batches())
    images = images.reshape(STEPS, BATCH, 28, 28, 1)
    step = JaxStep()
    step.train(images, labels)  # compiles

    def task() -> float:
        start = time.perf_counter()
        step.train(images, labels)
        return (time.perf_counter() - start) / STEPS

    return task


def matrix_seconds(clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds per FLOP when this machine multiplies large matrices."""
    size = 1024
    one, product = torch.ones(size, size), torch.empty(size, size)
    start = clock()
    for _ in range(4):
        torch.mm(one, one, out=product)
    return (clock() - start) / (4 * 2 * size**3)


@torch.inference_mode()
def _parts() -> list[Measurement]:
    """Measure the parts of a step, by kind of layer and direction: the loop of a step, with a clock between layers."""
    backprop = Backprop(initial_network(RunConfig().architecture, 0), 0.005)
    images, labels = _batches()
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS // 5):
        for batch in zip(images, labels, strict=True):
            for name, seconds in _clocked(backprop, *batch).items():
                times[name].append(seconds)
    return [
        measured(f"  of the step: {name}", [1e6 * each for each in seconds], "µs") for name, seconds in times.items()
    ]


def _clocked(backprop: Backprop, values: Tensor, labels: Tensor) -> dict[str, float]:
    """Train one batch, and return the seconds of each part."""
    spent: dict[str, float] = defaultdict(float)
    clock = time.perf_counter
    tape = []
    for kernel in backprop.kernels:
        start = clock()
        values, saved = kernel.forward(values)
        spent[f"{_kind(kernel)}, forward"] += clock() - start
        tape.append(saved)
    start = clock()
    gradient = loss_gradient(torch.log_softmax(values, 1), labels)
    spent["loss"] = clock() - start
    for kernel in reversed(backprop.kernels):
        start = clock()
        gradient, grads = kernel.backward(gradient, tape.pop())
        middle = clock()
        kernel.update(grads, backprop.learning_rate)
        spent[f"{_kind(kernel)}, backward"] += middle - start
        spent["weight update"] += clock() - middle
    return spent


def _kind(kernel: Kernel) -> str:
    name = type(kernel).__name__
    if "Conv" in name:
        return "second convolution" if kernel.passes_back else "first convolution"
    kinds = {"Pool": "poolings", "Linear": "linear layers", "Activation": "activations"}
    return next((words for part, words in kinds.items() if part in name), "flatten")
