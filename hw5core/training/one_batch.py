"""Looks at one batch in depth, in double precision: the loss along the gradient, and a gradient check."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hw5core.data.datasets import Pool
from hw5core.errors import ConfigError
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.runs.one_batch import GradientCheck, OneBatch
from hw5core.runs.records import Checkpoint
from hw5core.training.backprop import Backprop
from hw5core.training.inputs import batch_indices, dropout_seed, standardise
from hw5core.training.kernel import Kernel
from hw5core.training.single_step import layer_outputs, network_at

RATES = tuple(10 ** (power / 10) for power in range(-40, 31))
"""The learning rates of the curve: from 0.0001 to 1,000, ten per power of ten."""

DIFFERENCE = 1e-6
"""The step of the centred difference. In double precision, its error is far below a millionth of the gradient."""


@torch.inference_mode()
def look_into_batch(config: RunConfig, pool: Pool, step: int, checkpoint: Checkpoint | None = None) -> OneBatch:
    """Return the loss along the gradient of batch `step`, and the check of one weight.

    The network has the config's initial weights, or those of a checkpoint of the run. The weight that is checked is the
    one with the largest gradient in the first layer with weights. The gradient is that of the training step, computed
    by hand. Raise ConfigError for a network without weights.
    """
    if not count(config.architecture).parameters:
        raise ConfigError(
            "the network has no weights, so its loss has no gradient: add a convolution or a linear layer"
        )
    network = network_at(config, checkpoint)[0].double()
    chosen = batch_indices(config, len(pool.labels), step)
    images = standardise(pool.images[chosen], config.dataset).double()
    labels = torch.from_numpy(pool.labels[chosen])
    grads = _gradients(Backprop(network, 0.0), images, labels, dropout_seed(config, step))
    parameters = [parameter.detach() for parameter in network.parameters()]
    initial = [parameter.clone() for parameter in parameters]

    def loss() -> float:
        generator = torch.Generator().manual_seed(dropout_seed(config, step))
        return functional.cross_entropy(layer_outputs(network, images, generator)[-1], labels).item()

    def loss_at(rate: float) -> float:
        for parameter, start, gradient in zip(parameters, initial, grads, strict=True):
            parameter.copy_(start - rate * gradient)
        return loss()

    losses, after, before = tuple(map(loss_at, RATES)), loss_at(config.learning_rate), loss_at(0.0)
    layer = next(row.name for row, module in zip(count(config.architecture).rows, network, strict=True)
                 if any(True for _ in module.parameters()))  # fmt: skip
    return OneBatch(step, RATES, losses, before, after, _check(layer, parameters[0], grads[0], loss))


def _gradients(backprop: Backprop, images: Tensor, labels: Tensor, seed: int) -> list[Tensor]:
    """Return the gradient of each parameter, in the network's order. A learning rate of 0 changes no weight."""
    by_layer: dict[int, list[Tensor]] = {}

    def hook(number: int, kernel: Kernel, _saved: Any, grads: Any) -> None:
        if kernel.parameters:
            by_layer[number] = [one.clone() for one in kernel.parameter_grads(grads)]

    backprop.generator.manual_seed(seed)
    backprop.step(images, labels, hook)
    return [gradient for number in sorted(by_layer) for gradient in by_layer[number]]


def _check(layer: str, weights: Tensor, gradient: Tensor, loss: Callable[[], float]) -> GradientCheck:
    """Check the weight with the largest gradient. The weights are the network's own, and are the same afterwards."""
    place = tuple(int(one) for one in torch.unravel_index(gradient.abs().argmax(), gradient.shape))
    own, losses = weights[place].item(), []
    for value in (own + DIFFERENCE, own - DIFFERENCE):
        weights[place] = value
        losses.append(loss())
    weights[place] = own
    difference = (losses[0] - losses[1]) / (2 * DIFFERENCE)
    return GradientCheck(layer, place, gradient[place].item(), difference, DIFFERENCE)
