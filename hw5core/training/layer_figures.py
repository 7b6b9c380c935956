"""Measures each layer of a network in one batch with autograd. Nothing is trained."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hw5core.data.datasets import Pool
from hw5core.errors import ConfigError
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import count
from hw5core.network.layers import Activate
from hw5core.runs.config import RunConfig
from hw5core.runs.layer_figures import BatchFigures, Connections, LayerFigures
from hw5core.runs.records import Checkpoint, update_ratio
from hw5core.training.inputs import batch_indices, dropout_seed, standardise
from hw5core.training.measuring import saturated_share
from hw5core.training.single_step import activation_slope, layer_outputs, network_at


def measure_layers(config: RunConfig, pool: Pool, step: int, checkpoint: Checkpoint | None = None) -> BatchFigures:
    """Return the figures of every layer for the images of batch `step`, counted from 0.

    The weights are the config's initial weights, or those of a checkpoint of the run. Raise ConfigError if the run has
    no such batch.
    """
    if not 0 <= step < config.total_steps:
        raise ConfigError(f"the run has the batches 0 to {config.total_steps - 1:,}, so there is no batch {step:,}")
    network, _ = network_at(config, checkpoint)
    chosen = batch_indices(config, len(pool.labels), step)
    # Without this, autograd would have no δ for a layer before the first weights.
    inputs = standardise(pool.images[chosen], config.dataset).requires_grad_()
    labels = torch.from_numpy(pool.labels[chosen])
    outputs = layer_outputs(network, inputs, torch.Generator().manual_seed(dropout_seed(config, step)))
    loss = functional.cross_entropy(outputs[-1], labels)
    parameters = list(network.parameters())
    grads = torch.autograd.grad(loss, [*outputs, *parameters], allow_unused=True)
    deltas, of_parameters = grads[: len(outputs)], dict(zip(parameters, grads[len(outputs) :], strict=True))
    layers = [
        _figures(row.name, output, _or_zeros(delta, output))
        | _figures_of_activation(row.layer, module, layer_input, _or_zeros(delta, output))
        | _figures_of_weights(row.layer, module, row.input_shape, of_parameters, config.learning_rate)
        for row, module, layer_input, output, delta in zip(
            count(config.architecture).rows, network, [inputs, *outputs], outputs, deltas, strict=False
        )
    ]
    measured = tuple(LayerFigures(**values) for values in layers)
    return BatchFigures(step, checkpoint.step if checkpoint else 0, loss.item(), measured)


def _or_zeros(delta: Tensor | None, output: Tensor) -> Tensor:
    """Return δ in double precision. Autograd has none for what the loss does not depend on."""
    return torch.zeros_like(output, dtype=torch.float64) if delta is None else delta.double()


def _figures(name: str, output: Tensor, delta: Tensor) -> dict[str, Any]:
    values = output.detach().double()
    return {
        "name": name,
        "mean": values.mean().item(),
        "deviation": _deviation(values),
        "zeros": (values == 0).double().mean().item(),
        "delta_square": delta.square().mean().item(),
    }


def _figures_of_activation(layer: Layer, module: nn.Module, layer_input: Tensor, delta: Tensor) -> dict[str, Any]:
    if not isinstance(layer, Activate):
        return {}
    single = activation_slope(module, layer_input.detach())
    slope = single.double()
    reached = slope[delta != 0]
    return {
        # In single precision, as in training: there, the slope 0.01 of LeakyReLU is not below 0.01.
        "saturated": saturated_share(single),
        "rms_slope": slope.square().mean().sqrt().item(),
        "reached_slope_square": reached.square().mean().item() if len(reached) else None,
    }


def _figures_of_weights(
    layer: Layer,
    module: nn.Module,
    input_shape: Shape,
    grads: Mapping[nn.Parameter, Tensor | None],
    learning_rate: float,
) -> dict[str, Any]:
    weight = getattr(module, "weight", None)
    gradient = grads.get(weight) if isinstance(weight, nn.Parameter) else None
    if weight is None or gradient is None:
        return {}
    values, gradient = weight.detach().double(), gradient.double()
    return {
        "gradient_norm": gradient.norm().item(),
        "update_ratio": update_ratio(_deviation(learning_rate * gradient), _deviation(values)),
        "connections": _connections(module, values, input_shape) if layer.draws_weights else None,
    }


def _deviation(values: Tensor) -> float:
    """Return the standard deviation."""
    return values.std(correction=0).item()


def _connections(module: nn.Module, weights: Tensor, input_shape: Shape) -> Connections:
    """Return what the weights connect. With weights of 1, the derivative of the sum of all outputs with respect to an
    input value is the number of outputs that it reaches: fewer at the edge of an image."""
    ones = copy.deepcopy(module)
    for parameter in ones.parameters():
        nn.init.ones_(parameter)
    inputs = torch.zeros(1, *input_shape, requires_grad=True)
    (reached,) = torch.autograd.grad(ones(inputs).sum(), inputs)
    return Connections(weights[0].numel(), reached.double().mean().item(), weights.square().mean().item())
