"""Builds the torch.nn.Module of an Architecture, and draws its initial weights."""

import math

import torch
from torch import Tensor, nn

from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import count_fitting


def build(architecture: Architecture) -> nn.Sequential:
    """Return the module, one child per layer in order, on the default device with PyTorch's own initial weights.

    Under `torch.device("meta")` nothing is allocated. Raises ArchitectureError if a layer does not fit its input.
    """
    return nn.Sequential(*(module_for(row.layer, row.input_shape) for row in count_fitting(architecture).rows))


def module_for(layer: Layer, input_shape: Shape) -> nn.Module:
    """Return the torch.nn module of one layer whose input has this shape."""
    arguments = layer.torch_arguments(input_shape)
    module = getattr(nn, layer.torch_class(input_shape))(*arguments.positional, **arguments.named)
    assert isinstance(module, nn.Module)
    return module


def initial_network(architecture: Architecture, seed: int, initialisation: str = "pytorch") -> nn.Sequential:
    """Build a network whose initial weights depend only on the seed, the shapes and the initialisation.

    Networks that differ only in their activations therefore start with equal tensors. The weights are drawn from a
    generator of their own, so nothing else in the process can change them. `initialisation` is a key of
    config.INITIALISATIONS.
    """
    with torch.random.fork_rng(devices=[]):
        network = build(architecture)
    generator = torch.Generator().manual_seed(seed)
    for layer, module in zip(architecture.layers, network, strict=True):
        if layer.draws_weights:
            draw_weights(module, initialisation, generator)
    return network


@torch.no_grad()
def draw_weights(module: nn.Module, initialisation: str, generator: torch.Generator) -> None:
    """Fill the weights and biases of one module. Xavier and He follow their papers: gain for ReLU whichever activation
    follows, and biases of 0."""
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    match initialisation:
        case "pytorch":
            # The same draws in the same order as reset_parameters of Conv2d and Linear.
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        case "xavier":
            nn.init.xavier_uniform_(weight, generator=generator)
        case "he":
            nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
        case "normal":
            nn.init.normal_(weight, std=0.01, generator=generator)
        case _:
            raise ValueError(f"there is no initialisation {initialisation!r}")
    if not isinstance(bias, Tensor):
        return
    if initialisation == "pytorch":
        bound = 1 / math.sqrt(weight[0].numel())
        nn.init.uniform_(bias, -bound, bound, generator=generator)
    else:
        nn.init.zeros_(bias)
