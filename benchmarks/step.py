"""One training step of the homework's network on one thread: ours, autograd's, and JAX's where it is installed.

Beside it how much of the machine's own rate of matrix multiplication the step reaches, and where its time goes.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from benchmarks.measurement import Measurement, in_turn, measured, milliseconds, ratio_over
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.training.backprop import Backprop, loss_gradient
from hw5core.training.modules import initial_network

ROUNDS = 30
STEPS = 100
BATCH = 5


def measure() -> list[Measurement]:
    """The step's time and its peers', as ratios; its share of the matrix rate; its parts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [*_against_peers(), *_parts()]
    finally:
        torch.set_num_threads(threads)


def _against_peers() -> list[Measurement]:
    works: dict[str, Callable[[], float]] = {
        "ours": _timed(_ours("relu")),
        "ours, sigmoid": _timed(_ours("sigmoid")),
        "autograd and torch.optim": _timed(_autograd()),
        "matrix product": _matrix_seconds,
    }
    if find_spec("jax"):
        works["JAX"] = _jax()
    found = in_turn(works, ROUNDS)
    ours = found["ours"]
    shares = [
        100 * flop_per_step() * per_flop / mine for mine, per_flop in zip(ours, found["matrix product"], strict=True)
    ]
    peers = [name for name in ("autograd and torch.optim", "JAX") if name in found]
    return [
        milliseconds("training step, ReLU, one thread", ours),
        milliseconds("training step, sigmoid, one thread", found["ours, sigmoid"]),
        *(_peer(name, ours, found[name]) for name in peers),
        measured("share of the matrix rate that the step reaches", shares, "%"),
    ]


def _peer(name: str, ours: list[float], theirs: list[float]) -> Measurement:
    figure = [1000 * seconds for seconds in theirs]
    return measured(f"the same step, {name}", figure, "ms", ratio=ratio_over(theirs, "ours", ours))


def flop_per_step() -> float:
    """Additions and multiplications of a step: every MAC forward, again for the weights' gradients, and again for the
    inputs', which the first layer's are not asked for."""
    rows = count(RunConfig().architecture).rows
    macs = [row.macs for row in rows]
    return 2 * BATCH * (3 * sum(macs) - next(each for each in macs if each))


def _batches() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(STEPS, BATCH, 1, 28, 28, generator=generator)
    return images, torch.randint(0, 10, (STEPS, BATCH), generator=generator)


def _timed(step: Callable[[Tensor, Tensor], object]) -> Callable[[], float]:
    """Seconds per step over STEPS of them."""
    images, labels = _batches()

    def work() -> float:
        begin = time.perf_counter()
        for one in zip(images, labels, strict=True):
            step(*one)
        return (time.perf_counter() - begin) / STEPS

    return work


def _ours(activation: str) -> Callable[[Tensor, Tensor], object]:
    config = RunConfig(activation=activation)
    return torch.inference_mode()(Backprop(initial_network(config.architecture, 0), config.learning_rate).step)


def _autograd() -> Callable[[Tensor, Tensor], object]:
    """PyTorch's modules in the layout that is fastest for them, with its own optimiser in one call."""
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
    step.train(images, labels)  # compiled here

    def work() -> float:
        begin = time.perf_counter()
        step.train(images, labels)
        return (time.perf_counter() - begin) / STEPS

    return work


def _matrix_seconds() -> float:
    """Seconds per FLOP, at the rate at which this machine multiplies large matrices."""
    size = 1024
    one, product = torch.ones(size, size), torch.empty(size, size)
    begin = time.perf_counter()
    for _ in range(4):
        torch.mm(one, one, out=product)
    return (time.perf_counter() - begin) / (4 * 2 * size**3)


@torch.inference_mode()
def _parts() -> list[Measurement]:
    """Where the time goes, by kind of layer and direction; a step's own loop, with a clock between the layers."""
    backprop = Backprop(initial_network(RunConfig().architecture, 0), 0.008)
    images, labels = _batches()
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS // 5):
        for batch in zip(images, labels, strict=True):
            for name, seconds in _clocked(backprop, *batch).items():
                times[name].append(seconds)
    return [measured(f"  of the step: {name}", [1e6 * each for each in found], "µs") for name, found in times.items()]


def _clocked(backprop: Backprop, values: Tensor, labels: Tensor) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    clock = time.perf_counter
    tape = []
    for kernel in backprop.kernels:
        begin = clock()
        values, saved = kernel.forward(values)
        spent[f"{_kind(kernel)}, forward"] += clock() - begin
        tape.append(saved)
    begin = clock()
    gradient = loss_gradient(values, labels)
    spent["loss"] = clock() - begin
    for kernel in reversed(backprop.kernels):
        begin = clock()
        gradient, grads = kernel.backward(gradient, tape.pop())
        middle = clock()
        kernel.update(grads, backprop.learning_rate)
        spent[f"{_kind(kernel)}, backward"] += middle - begin
        spent["update"] += clock() - middle
    return spent


def _kind(kernel: object) -> str:
    name = type(kernel).__name__.removesuffix("Kernel")
    return {"FirstConv": "first convolution", "Conv": "second convolution", "AvgPool": "poolings"}.get(
        name, {"Linear": "linear layers", "Activation": "activations"}.get(name, "flatten")
    )
