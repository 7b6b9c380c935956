"""An oracle for training: the same steps by PyTorch's autograd and optimiser, in double precision."""

import copy

import torch
from torch import Tensor, nn

from hw5core.network.architecture import Architecture
from hw5core.network.layers import Flatten, Linear
from hw5core.training.backprop import Backprop
from hw5core.training.modules import build

RATE = 0.1
CLASSES = 4
_SEED = 5


def with_logits(architecture: Architecture) -> Architecture:
    """Return the network with two more layers, so that it ends in CLASSES logits."""
    return Architecture(architecture.input_shape, (*architecture.layers, Flatten(), Linear(CLASSES)))


def double_network(architecture: Architecture) -> nn.Sequential:
    """Return the network in double precision, always with the same weights."""
    torch.manual_seed(0)
    return build(architecture).double()


def random_batch(architecture: Architecture, images: int) -> tuple[Tensor, Tensor]:
    """Return random images and labels, always the same."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(images, *architecture.input_shape, dtype=torch.float64, generator=generator)
    return inputs, torch.arange(images) % CLASSES


def steps_by_hand(
    network: nn.Sequential, inputs: Tensor, labels: Tensor, momentum: float = 0.0, steps: int = 1
) -> list[Tensor]:
    """Train with Backprop and return the log-probabilities before each step."""
    log_probabilities = []
    backprop = Backprop(network, RATE, momentum)
    with torch.inference_mode():  # as in training
        for _ in range(steps):
            backprop.generator.manual_seed(_SEED)
            log_probabilities.append(backprop.step(inputs, labels))
    return log_probabilities


def steps_by_autograd(
    network: nn.Sequential, inputs: Tensor, labels: Tensor, momentum: float = 0.0, steps: int = 1
) -> list[Tensor]:
    """Train with autograd and torch.optim and return the log-probabilities before each step."""
    optimiser = torch.optim.SGD(network.parameters(), lr=RATE, momentum=momentum)
    log_probabilities = []
    for _ in range(steps):
        logits = _forward(network, inputs)
        optimiser.zero_grad()
        nn.CrossEntropyLoss()(logits, labels).backward()
        optimiser.step()
        log_probabilities.append(logits.detach().log_softmax(1))
    return log_probabilities


def assert_trains_as_with_autograd(
    architecture: Architecture, images: int = 3, momentum: float = 0.0, steps: int = 2
) -> None:
    """Train a network that ends in CLASSES logits both ways, and compare log-probabilities, weights and predictions."""
    ours = double_network(architecture)
    theirs = copy.deepcopy(ours)
    inputs, labels = random_batch(architecture, images)
    untouched = inputs.clone()
    by_hand = steps_by_hand(ours, inputs, labels, momentum, steps)
    by_autograd = steps_by_autograd(theirs, inputs, labels, momentum, steps)
    torch.testing.assert_close(by_hand, by_autograd, rtol=1e-7, atol=1e-9)
    for (name, one), (_, other) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
    theirs.eval()
    backprop = Backprop(ours, RATE)
    with torch.inference_mode():
        for _ in range(2):  # the second time after the in-place work of the first
            torch.testing.assert_close(backprop.predict(inputs), theirs(inputs), rtol=1e-7, atol=1e-9)
    assert torch.equal(inputs, untouched), "the images were overwritten"


def _forward(network: nn.Sequential, inputs: Tensor) -> Tensor:
    """Return the logits, with dropout's mask drawn as Backprop draws it: in memory order, from its own generator."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(_SEED)
    values = inputs
    for module in network:
        if isinstance(module, nn.Dropout):
            mask = torch.empty_like(values).bernoulli_(1 - module.p, generator=generator)
            values = values * mask / (1 - module.p if module.p < 1 else 1)
        else:
            values = module(values)
    return values
