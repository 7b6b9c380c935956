"""A stack of equally wide linear layers with an activation between them: what passes through, forwards and backwards.

The stack has random weights and sees one batch of real images. Its loss is the cross-entropy of a last linear layer
with an output per class. Everything is measured, and predicted from the widths, the variance of the weights and the
activation alone. numpy is enough for that, so the server computes it while a slider moves.

The prediction treats the inputs z of the units as normally distributed. Forwards, E[z_l²] = n_(l-1) · Var(W) ·
E[f(z_(l-1))²] + Var(b). Backwards, with δ_l = ∂loss/∂z_l, E[δ_l²] = n_(l+1) · Var(W) · E[f'(z_l)²] · E[δ_(l+1)²]. Both
are computed for each image, because images differ in their brightness.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hw5core.errors import ConfigError
from hw5core.network.activations import ACTIVATIONS

Floats = NDArray[np.float64]

MAX_LAYERS, MAX_WIDTH = 20, 100
LOWEST_SCALE, HIGHEST_SCALE = 0.1, 8.0

_NODES, _FARTHEST = 80, 12.0
_ONE_THREAD = 2**18
"""Up to so many multiplications, OpenBLAS computes a product in the thread that asks for it."""


@dataclass(frozen=True)
class Stack:
    """A stack: `layers` linear layers with `width` outputs each, an activation after each, and a last linear layer.

    `initialisation` is a key of config.INITIALISATIONS. All weights are multiplied by `scale`, and biases are not.
    Raise ConfigError for a stack that is too large, or for an unknown activation or initialisation.
    """

    layers: int
    width: int
    activation: str
    initialisation: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= MAX_LAYERS or not 1 <= self.width <= MAX_WIDTH:
            raise ConfigError(f"a stack has 1 to {MAX_LAYERS} layers of 1 to {MAX_WIDTH} units")
        if not LOWEST_SCALE <= self.scale <= HIGHEST_SCALE:
            raise ConfigError(f"the weights can be scaled by {LOWEST_SCALE:g} to {HIGHEST_SCALE:g}")
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"there is no activation {self.activation[:20]!r}")
        _variances(self.initialisation, 1, 1)


@dataclass(frozen=True)
class Weights:
    """The weights (inputs, outputs) and biases (outputs,) of one linear layer, and the variances of their draws."""

    weight: Floats
    bias: Floats
    weight_variance: float
    bias_variance: float


@dataclass(frozen=True)
class StackLayer:
    """One layer of a stack for one batch.

    `activations` are the outputs of its units and `gradients` are δ, the derivatives of the loss with respect to their
    inputs, both (images, units). `deviation` is the standard deviation of the activations, and `delta` the root of the
    mean of δ². Both are predicted too. A random network differs from its prediction: for one image, typically by a
    factor of exp(`forward_spread`) in the root of the mean square of the activations, and of exp(`backward_spread`) in
    `delta`. For several images it is as much if they are alike, and otherwise less.
    """

    activations: Floats
    gradients: Floats
    deviation: float
    predicted_deviation: float
    delta: float
    predicted_delta: float
    forward_spread: float
    backward_spread: float


def measure_stack(stack: Stack, images: Floats, labels: NDArray[np.int64], classes: int, seed: int) -> list[StackLayer]:
    """Return what each layer does to these standardised images (n, pixels) and to the gradient of their mean loss."""
    weights = draw_weights(stack, images.shape[1], classes, seed)
    outputs, deltas, last = _passes(stack, weights, images, labels)
    forward = list(_predicted_forwards(stack, weights, images))
    backward = _predicted_backwards(stack, weights, forward, last)
    return [
        StackLayer(
            activations,
            gradients,
            float(activations.std()),
            ahead.deviation,
            float(np.sqrt((gradients**2).mean())),
            float(np.sqrt(square.mean())),
            ahead.spread,
            spread,
        )
        for activations, gradients, ahead, (square, spread) in zip(outputs, deltas, forward, backward, strict=True)
    ]


def draw_weights(stack: Stack, pixels: int, classes: int, seed: int) -> list[Weights]:
    """Return the weights of all layers, the last one included. A narrower or shallower stack has a part of them."""
    fan_ins = [pixels] + [stack.width] * stack.layers
    fan_outs = [stack.width] * stack.layers + [classes]
    drawn = _draws(seed, pixels, classes, uniform=stack.initialisation in ("pytorch", "xavier"))
    chosen = [*drawn[: stack.layers], drawn[-1]]
    return [
        _scaled(stack, weight[:fan_in, :fan_out], bias[:fan_out])
        for (weight, bias), fan_in, fan_out in zip(chosen, fan_ins, fan_outs, strict=True)
    ]


@lru_cache(maxsize=4)  # two and a half MB each; a moving slider needs the same draws again
def _draws(seed: int, pixels: int, classes: int, uniform: bool) -> list[tuple[Floats, Floats]]:
    """Return draws with the variance 1 for the weights of the largest stack, and uniform ones for its biases."""
    generator = np.random.default_rng([seed, uniform])
    shapes = [(pixels, MAX_WIDTH), *[(MAX_WIDTH, MAX_WIDTH)] * (MAX_LAYERS - 1), (MAX_WIDTH, classes)]
    end = math.sqrt(3)
    return [
        (
            generator.uniform(-end, end, shape) if uniform else generator.standard_normal(shape),
            generator.uniform(-end, end, shape[1]),
        )
        for shape in shapes
    ]


def _scaled(stack: Stack, weight: Floats, bias: Floats) -> Weights:
    """Return draws with the variance 1 as weights with the variance of the initialisation."""
    variance, bias_variance = _variances(stack.initialisation, *weight.shape)
    variance *= stack.scale**2
    return Weights(weight * math.sqrt(variance), bias * math.sqrt(bias_variance), variance, bias_variance)


def _variances(initialisation: str, fan_in: int, fan_out: int) -> tuple[float, float]:
    """Return the variances of the weights and of the biases of a layer. Raise ConfigError if nothing has this name."""
    match initialisation:
        case "pytorch":
            return 1 / (3 * fan_in), 1 / (3 * fan_in)
        case "xavier":
            return 2 / (fan_in + fan_out), 0.0
        case "he":
            return 2 / fan_in, 0.0
        case "normal":
            return 0.01**2, 0.0
        case _:
            raise ConfigError(f"there is no initialisation {initialisation[:20]!r}")


def _passes(
    stack: Stack, weights: list[Weights], images: Floats, labels: NDArray[np.int64]
) -> tuple[list[Floats], list[Floats], Floats]:
    """Return the outputs and the gradients δ of the units of each layer, and δ at the logits."""
    activation = ACTIVATIONS[stack.activation]
    inputs: list[Floats] = []
    outputs = [images]
    for layer in weights:
        inputs.append(_product(outputs[-1], layer.weight) + layer.bias)
        outputs.append(activation.value(inputs[-1]))
    logits = inputs[-1]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = exponentials / exponentials.sum(axis=1, keepdims=True)
    delta[np.arange(len(labels)), labels] -= 1
    deltas = [delta / len(labels)]
    for layer, z in zip(weights[:0:-1], inputs[-2::-1], strict=True):
        deltas.append(_product(deltas[-1], layer.weight.T) * activation.slope(z))
    return outputs[1:-1], deltas[:0:-1], deltas[0]


def _product(values: Floats, matrix: Floats) -> Floats:
    """Return the matrix product, computed in this thread.

    OpenBLAS shares a larger product among threads, and their waiting takes four times as long as computing it.
    """
    rows = max(1, _ONE_THREAD // matrix.size)
    return np.concatenate([values[first : first + rows] @ matrix for first in range(0, len(values), rows)])


@dataclass(frozen=True)
class _Ahead:
    """The prediction of a forward pass in one layer.

    `deviation` is that of the activations. `slope_square` is the mean of f'(z)² of each image. `slope_kurtosis` is the
    mean of f'(z)⁴ divided by the square of that of f'(z)², over all images. `spread` is that of StackLayer.
    """

    deviation: float
    slope_square: Floats
    slope_kurtosis: float
    spread: float


def _predicted_forwards(stack: Stack, weights: list[Weights], images: Floats) -> Iterator[_Ahead]:
    activation = ACTIVATIONS[stack.activation]
    nodes, shares = _normal_nodes()
    square, relative_variance = (images**2).mean(axis=1), 0.0
    for layer in weights[:-1]:
        of_weights = layer.weight.shape[0] * layer.weight_variance * square
        variance = of_weights + layer.bias_variance
        z = np.sqrt(variance)[:, None] * nodes
        values, slope = activation.value(z), activation.slope(z)
        squares, slopes = values**2, slope**2
        mean, square = values @ shares, squares @ shares
        # A layer passes on the error of the last one in the proportion d ln E[f(z)²] / d ln E[z²].
        growth = float((values * slope * z @ shares).mean() / square.mean()) if square.any() else 0.0
        passed_on = growth * float(of_weights.mean() / variance.mean())
        relative_variance *= passed_on**2
        relative_variance += _relative_variance(squares**2 @ shares, square) / stack.width
        deviation = math.sqrt(max(0.0, float(square.mean() - mean.mean() ** 2)))
        slope_square = slopes @ shares
        kurtosis = 1 + _relative_variance(slopes**2 @ shares, slope_square)
        yield _Ahead(deviation, slope_square, kurtosis, math.sqrt(relative_variance) / 2)


def _predicted_backwards(
    stack: Stack, weights: list[Weights], forward: list[_Ahead], last: Floats
) -> list[tuple[Floats, float]]:
    """Return the mean of δ² of each image and the spread in each layer, from the first on, from δ at the logits."""
    square, relative_variance = (last**2).mean(axis=1), 0.0
    found = []
    for layer, ahead in zip(weights[:0:-1], forward[::-1], strict=True):
        square = layer.weight.shape[1] * layer.weight_variance * ahead.slope_square * square
        # δ is a normally distributed sum, whose fourth moment is three times the square of its second, times a slope.
        relative_variance += (3 * ahead.slope_kurtosis - 1) / stack.width
        found.append((square, math.sqrt(relative_variance) / 2))
    return found[::-1]


def _relative_variance(fourth: Floats, second: Floats) -> float:
    """Return the variance of a square divided by the square of its mean, from the moments of each image."""
    mean = float(second.mean())
    return max(0.0, float(fourth.mean()) / mean**2 - 1) if mean else 0.0


@lru_cache(maxsize=1)
def _normal_nodes() -> tuple[Floats, Floats]:
    """Return points and their shares of a standard normal distribution, which add up to 1.

    The points are dense near 0, where an activation bends, also if the deviation is large.
    """
    steps = (np.arange(_NODES) + 0.5) / _NODES * 2 - 1
    points = 8 * np.sinh(_FARTHEST * steps) / math.sinh(_FARTHEST)
    shares = np.cosh(_FARTHEST * steps) * np.exp(-(points**2) / 2)
    return points, shares / shares.sum()
