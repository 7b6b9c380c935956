"""Writes out how one value inside a network is computed: inputs times weights, a bias, and then the activation."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hw5core.network.base_layer import Layer
from hw5core.network.counting import LayerCount
from hw5core.network.layers import (
    Activate,
    AdaptiveAvgPool,
    AvgPool,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dropout,
    Flatten,
    Linear,
    MaxPool,
    PReLU,
)
from hw5core.runs.value_trace import MAX_TERMS, Kind, Step, Term, ValueTrace

Place = tuple[int, ...]

_SUMS = (Conv, ConvTranspose, Linear, AvgPool, AdaptiveAvgPool, BatchNorm)
"""The kinds whose output values are sums of inputs times weights and a bias, in evaluation mode."""

_POINTWISE = (Activate, PReLU, BatchNorm)
"""The kinds whose output value depends on the one input value at its place. So the layer before is written out too."""

_WITHOUT_EFFECT = (Flatten, Dropout)


def trace_value(network: nn.Sequential, rows: Sequence[LayerCount], values: list[Tensor], place: Place) -> ValueTrace:
    """Return how the value at this place of the last layer's output is computed.

    `values` are the network's input for one image and the output of each layer, in evaluation mode. The place is a
    channel, row and column, or a number in a row, all from 0.
    """
    steps: list[Step] = []
    for row, module, before, output in reversed(list(zip(rows, network, values, values[1:], strict=False))):
        if isinstance(row.layer, _WITHOUT_EFFECT):
            place = _place_before(row, place)
            continue
        steps.insert(0, _step(row, module, before, output, place))
        if not isinstance(row.layer, _POINTWISE):
            break
    return ValueTrace(tuple(steps))


def _place_before(row: LayerCount, place: Place) -> Place:
    """Return the place of a value before a layer that only orders the values."""
    return _places(np.array([np.ravel_multi_index(place, row.output_shape)]), row.input_shape)[0]


def _places(numbers: NDArray[np.int64], shape: tuple[int, ...]) -> list[Place]:
    """Return the places of values from their numbers in a row."""
    return list(zip(*(axis.tolist() for axis in np.unravel_index(numbers, shape)), strict=True))


def _step(row: LayerCount, module: nn.Module, before: Tensor, output: Tensor, place: Place) -> Step:
    value, kind = output[0][place].item(), _kind(row.layer)
    match kind:
        case Kind.SUM:
            weights, bias = _weights(module, before, place)
            numbers = weights.flatten().nonzero().flatten()
            terms, rest = _largest_terms(numbers, before, weights, row.input_shape)
            return Step(row.name, kind, terms, len(numbers), rest, bias, value)
        case Kind.LARGEST:
            numbers = _window(module, before, place)
            terms, _ = _largest_terms(numbers, before, torch.ones_like(before), row.input_shape, signed=True)
            return Step(row.name, kind, terms, len(numbers), 0.0, 0.0, value)
        case Kind.FUNCTION | Kind.OTHER:
            return Step(row.name, kind, (Term(place, before[0][place].item(), 1.0),), 1, 0.0, 0.0, value)


def _largest_terms(
    numbers: Tensor, before: Tensor, weights: Tensor, shape: tuple[int, ...], signed: bool = False
) -> tuple[tuple[Term, ...], float]:
    """Return the terms with the largest products of these input values, and the sum of the other products."""
    values, factors = (one.flatten()[numbers].double().numpy() for one in (before, weights))
    products = values * factors
    order = np.argsort(-products if signed else -np.abs(products), kind="stable")
    first, others = order[:MAX_TERMS], order[MAX_TERMS:]
    places = _places(numbers.numpy()[first], shape)
    terms = map(Term, places, values[first].tolist(), factors[first].tolist())
    return tuple(terms), _sum(products[others].tolist())


def _kind(layer: Layer) -> Kind:
    if isinstance(layer, _SUMS):
        return Kind.SUM
    if isinstance(layer, MaxPool):
        return Kind.LARGEST
    return Kind.FUNCTION if isinstance(layer, _POINTWISE) else Kind.OTHER


def _sum(values: Iterable[float]) -> float:
    """Return the exact sum, rounded once. Values that are not finite give NaN, like a sum that is too large."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.nan


def _weights(module: nn.Module, before: Tensor, place: Place) -> tuple[Tensor, float]:
    """Return the weight of each input value in a sum, and the bias.

    The sum's derivative with respect to an input is that input's weight, and without inputs only the bias is left.
    """
    nothing = torch.zeros_like(before).requires_grad_()
    value = module(nothing)[0][place]
    (weights,) = torch.autograd.grad(value, nothing)
    return weights, value.item()


def _window(module: nn.Module, before: Tensor, place: Place) -> Tensor:
    """Return the numbers of the input values in the window of a max pooling.

    Each window of a pooling with averages has the same values: those with a derivative.
    """
    assert isinstance(module, nn.MaxPool2d)
    averages = nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode)
    weights, _ = _weights(averages, before, place)
    return weights.flatten().nonzero().flatten()
