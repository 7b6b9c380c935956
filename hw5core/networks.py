"""From an Architecture to the torch.nn.Module that computes it, and its first weights."""

import torch
from torch import nn

from hw5core.activations import ACTIVATIONS
from hw5core.architecture import (
    Activate,
    Architecture,
    ArchitectureError,
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
from hw5core.parameters import count


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


def initial_network(architecture: Architecture, seed: int) -> nn.Sequential:
    """A network whose first weights depend on the seed and the shapes alone, so that networks which differ only in
    their activations begin with equal tensors."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(architecture)
