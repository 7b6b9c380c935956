"""From an Architecture to the torch.nn.Module that computes it, and its first weights."""

import math

import torch
from torch import nn

from hw5core.errors import ArchitectureError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import (
    Activate,
    Architecture,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Shape,
)
from hw5core.network.counting import count


def build(architecture: Architecture) -> nn.Sequential:
    """The module, one child per layer in order, on the current default device with PyTorch's own initial weights.

    Under `torch.device("meta")` nothing is allocated. Raises ArchitectureError if a layer does not fit its input.
    """
    counted = count(architecture)
    if counted.misfit:
        raise ArchitectureError(f"layer {counted.misfit.number}: {counted.misfit.message}")
    return nn.Sequential(*(module_for(row.layer, row.input_shape) for row in counted.rows))


def module_for(layer: Layer, input_shape: Shape) -> nn.Module:
    """The torch.nn module of one layer that receives examples of `input_shape`."""
    match layer:
        case Conv():
            return nn.Conv2d(
                input_shape[0],
                layer.out_channels,
                layer.kernel_size,
                stride=layer.stride,
                padding=layer.padding,
                dilation=layer.dilation,
                groups=layer.groups,
                bias=layer.bias,
            )
        case MaxPool(kernel_size, stride, padding):
            return nn.MaxPool2d(kernel_size, stride, padding)
        case AvgPool(kernel_size, stride, padding):
            return nn.AvgPool2d(kernel_size, stride, padding)
        case Flatten():
            return nn.Flatten()
        case Linear(out_features, bias):
            return nn.Linear(input_shape[0], out_features, bias=bias)
        case BatchNorm():
            return nn.BatchNorm2d(input_shape[0]) if len(input_shape) == 3 else nn.BatchNorm1d(input_shape[0])
        case Dropout(probability):
            return nn.Dropout(probability)
        case Activate(name):
            module = getattr(nn, ACTIVATIONS[name].torch_module)()
            assert isinstance(module, nn.Module)
            return module


def initial_network(architecture: Architecture, seed: int, initialisation: str = "pytorch") -> nn.Sequential:
    """A network whose first weights depend on the seed, the shapes and the kind of initialisation alone (a name in
    config.INITIALISATIONS), so that networks which differ only in their activations begin with equal tensors.

    They are drawn from a generator of their own: whatever else runs in this process cannot change them.
    """
    with torch.random.fork_rng(devices=[]):
        network = build(architecture)
    generator = torch.Generator().manual_seed(seed)
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            _draw_weights(module, initialisation, generator)
    return network


@torch.no_grad()
def _draw_weights(module: nn.Conv2d | nn.Linear, initialisation: str, generator: torch.Generator) -> None:
    """Xavier and He as their papers have them for ReLU, with biases 0, whichever activation follows."""
    match initialisation:
        case "pytorch":
            # What reset_parameters of both classes does, in the same order of draws.
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
        case "xavier":
            nn.init.xavier_uniform_(module.weight, generator=generator)
        case "he":
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        case "normal":
            nn.init.normal_(module.weight, std=0.01, generator=generator)
        case _:
            raise ValueError(f"there is no initialisation {initialisation!r}")
    if module.bias is None:
        return
    if initialisation == "pytorch":
        bound = 1 / math.sqrt(module.weight[0].numel())
        nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    else:
        nn.init.zeros_(module.bias)
