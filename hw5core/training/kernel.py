"""What the training step needs from a layer: the base class of the kernels, and what describes an activation."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Kernel:
    """Computes one layer: forward, backward and update.

    `backward` receives what `forward` saved; `parameter_grads` and `update` receive the grads that `backward` returns.
    `parameters` are the module's own tensors. If `passes_back` is False, no earlier layer has parameters, and the
    gradient that `backward` returns is not used.

    `reads_output` is True if the backward pass reads the layer's output, so that the next layer must not overwrite it.
    `passes_through` is True if the output may share its memory with the input. `is_elementwise` is True if each output
    value depends on the input value in the same place. `memory_format` is that of the output of PyTorch's own
    layer; None if it is the input's.

    The results of a kernel, forward and backward, may lie in memory that its next batch overwrites.
    """

    reads_output = False
    passes_through = False
    is_elementwise = False
    memory_format: torch.memory_format | None = None

    def __init__(self, module: nn.Module) -> None:
        self.parameters = [parameter.detach() for parameter in module.parameters()]
        self.passes_back = True

    @classmethod
    def make(cls, module: Any, surroundings: "Surroundings") -> "Kernel":  # noqa: ARG003
        """Return the kernel of the module for these surroundings in a network."""
        return cls(module)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """Return the layer's output, and what `backward` needs."""
        raise NotImplementedError

    def evaluate(self, values: Tensor) -> Tensor:
        """Return the layer's output in evaluation mode."""
        return self.forward(values)[0]

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        """Return the loss's gradient with respect to the input, given that of the output, and the layer's grads."""
        raise NotImplementedError

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        """Return the loss's gradient with respect to each parameter. Layers without parameters have no grads."""
        return grads or []

    def activated(self, saved: Any) -> tuple[Tensor, Tensor] | None:  # noqa: ARG002
        """Return an activation's f(x) and f'(x) for every value x of the forward pass; None for other layers."""
        return None

    def update(self, grads: Any, learning_rate: float) -> None:
        """Move each parameter against its gradient."""
        for parameter, gradient in zip(self.parameters, self.parameter_grads(grads), strict=True):
            parameter.sub_(gradient, alpha=learning_rate)

    def update_with_momentum(self, grads: Any, learning_rate: float, velocities: list[Tensor], momentum: float) -> None:
        """Add each gradient to `momentum` times its velocity, and move the parameter against the new velocity."""
        for parameter, velocity, gradient in zip(self.parameters, velocities, self.parameter_grads(grads), strict=True):
            parameter.sub_(velocity.mul_(momentum).add_(gradient), alpha=learning_rate)


class Surroundings(NamedTuple):
    """What is around a layer in its network: the `earlier` layers before it and the `later` ones after it.

    `generator` is the source of random numbers.
    """

    earlier: list[Kernel]
    later: list[nn.Module]
    generator: torch.Generator


Hook = Callable[[int, Kernel, Any, Any], None]
"""Called with a layer's number (from 0), its kernel, what it saved, and its grads (None before the first weights)."""


class ActivationPair(NamedTuple):
    """An activation y = f(x) and its part of the chain rule.

    `forward` maps x to y. `backward` maps the gradient with respect to y to that with respect to x; its second argument
    is y if `saves_output`, otherwise x. With `saves_output`, `forward` works in place: on images this small, the memory
    that a step touches decides how long it takes. `is_increasing` is True if a larger x never gives a smaller y; only
    together with `saves_output`.
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    saves_output: bool
    is_increasing: bool = False


def move_bias(bias: Tensor, rows: Tensor, learning_rate: float) -> None:
    """Move the biases (n,) against their gradients, which are the sums of the rows of a matrix (n, any)."""
    # A product with ones adds the sums to the biases directly, in half the time of Tensor.sum and Tensor.sub_.
    bias.addmv_(rows, _ones(rows.shape[1], rows.dtype), alpha=-learning_rate)


@lru_cache(maxsize=64)
def _ones(count: int, dtype: torch.dtype) -> Tensor:
    return torch.ones(count, dtype=dtype)
