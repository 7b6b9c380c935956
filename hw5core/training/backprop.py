"""Backpropagation and gradient descent by hand, layer by layer, directly on PyTorch's operators.

The tests compare every gradient with autograd's. On a batch of five images, autograd's bookkeeping takes longer than
the arithmetic; here a layer saves only what its backward pass needs. The layers work in place on the tensors of the
nn.Sequential that they are made from, so evaluation and checkpoints use that module as usual.

`kernels` computes the layers; a new layer kind or activation needs a kernel there.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from hw5core.errors import ArchitectureError
from hw5core.training.kernel import Hook, Kernel, Surroundings
from hw5core.training.kernels import ACTIVATION_KERNELS, KERNELS, ActivationKernel


class Backprop:
    """Trains a network that `modules.build` made. Use it in inference mode.

    `kernels` has one entry per layer. `velocities` are momentum's, one per parameter in the network's order; empty
    without momentum. `generator` is the source of dropout's random numbers. Raises ArchitectureError if a layer has no
    kernel.
    """

    def __init__(self, network: nn.Sequential, learning_rate: float, momentum: float = 0.0) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = torch.Generator()
        self.kernels = _kernels(network, self.generator)
        # The backward pass ends at the first layer with parameters.
        self.first = next((n for n, kernel in enumerate(self.kernels) if kernel.parameters), len(self.kernels))
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [torch.zeros_like(one) for one in network.parameters()] if momentum else []

    def step(self, images: Tensor, labels: Tensor, hook: Hook | None = None) -> Tensor:
        """Take one step of gradient descent on the batch's mean cross-entropy.

        Takes standardised images (n, channels, height, width) and labels (n,). Returns the log-probabilities (n,
        classes) of the network before the step. Calls `hook` for each layer during the backward pass.
        """
        logits, tape = self._forward(images)
        log_probabilities = torch.log_softmax(logits, 1)
        gradient = loss_gradient(log_probabilities, labels)
        velocities = list(self.velocities)
        for number in reversed(range(len(self.kernels))):
            kernel, saved, grads = self.kernels[number], tape.pop(), None
            if number >= self.first:
                gradient, grads = kernel.backward(gradient, saved)
            if hook:
                hook(number, kernel, saved, grads)
            if self.momentum:
                own = [velocities.pop() for _ in kernel.parameters][::-1]
                kernel.update_with_momentum(grads, self.learning_rate, own, self.momentum)
            elif kernel.parameters:
                kernel.update(grads, self.learning_rate)
        return log_probabilities

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits (n, classes) of standardised images in evaluation mode: no dropout, and batch normalisation
        with its running mean and variance."""
        values = images
        for kernel in self.kernels:
            values = kernel.evaluate(values)
        return values.clone()  # the next batch may use the same memory

    def _forward(self, values: Tensor) -> tuple[Tensor, list[object]]:
        """Return the logits, and what each layer saved for its backward pass."""
        tape = []
        for kernel in self.kernels:
            values, saved = kernel.forward(values)
            tape.append(saved)
        return values, tape


def loss_gradient(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the mean cross-entropy with respect to the logits, from their log-softmax (n, classes)."""
    count, classes = log_probabilities.shape
    grads = _loss_grads(count, classes, log_probabilities.dtype).index_select(0, labels)
    return grads.add_(log_probabilities.exp(), alpha=1 / count)


@lru_cache
def _loss_grads(count: int, classes: int, dtype: torch.dtype) -> Tensor:
    """Return the gradient of the mean of `count` losses with respect to log-probabilities. Row k is for the label k."""
    return torch.eye(classes, dtype=dtype) / -count


def _kernels(network: nn.Sequential, generator: torch.Generator) -> list[Kernel]:
    """Return one kernel per module. Raises ArchitectureError if a module's class is in neither registry."""
    kernels: list[Kernel] = []
    modules = list(network)
    for number, module in enumerate(modules):
        kind = ActivationKernel if type(module) in ACTIVATION_KERNELS else KERNELS.get(type(module))
        if kind is None:
            raise ArchitectureError(
                f"{type(module).__name__} cannot be trained: training/kernels.py has no kernel for it"
            )
        kernel = kind.make(module, Surroundings(kernels, modules[number + 1 :], generator))
        kernel.passes_back = any(earlier.parameters for earlier in kernels)
        kernels.append(kernel)
    return kernels
