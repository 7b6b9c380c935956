"""Computes which pixels a network's score for a class depends on, with the learned weights and with random ones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.layers import Activate, BatchNorm, Conv, ConvTranspose, PReLU
from hw5core.runs.attribution import PATCH, STRIDE, Attributed, Map, Method
from hw5core.runs.config import RunConfig
from hw5core.training.environment import use_one_thread
from hw5core.training.inputs import standardise
from hw5core.training.tensors import network_of, tensors_of

_AFTER_A_CONVOLUTION = (Activate, PReLU, BatchNorm)
"""The layers whose output still counts as the feature maps of the convolution before them."""

_OTHER_SEED = 1_000_003
"""Added to the run's seed for the random weights, so that they are not its own initial weights."""

_AT_A_TIME = 49
"""The number of covered images that the network sees at once, which limits the memory."""


def attributions(
    config: RunConfig, tensors: dict[str, NDArray[Any]], image: NDArray[np.uint8], label: int
) -> tuple[Attributed, ...]:
    """Return the maps of the network for a class of an image, uint8 (height, width), and those of the sanity check.

    First come those of the network with these tensors. Then its layers with weights are drawn again, one more each
    time, from the output to the input. At the end come those of the run's initial weights. Raise WeightsError if the
    tensors do not fit.
    """
    use_one_thread()
    pixels = standardise(image[None], config.dataset)
    background = float(standardise(np.zeros((1, 1, 1), np.uint8), config.dataset))
    return tuple(
        _attributed(network_of(config, weights), config.architecture, name, pixels, background, label)
        for name, weights in _networks(config, tensors)
    )


def _networks(config: RunConfig, tensors: dict[str, NDArray[Any]]) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """Yield the weights of each network of the check, with their name."""
    yield "learned", tensors
    rows = count(config.architecture).rows
    layers = sorted({int(name.split(".")[0]) for name in tensors}, reverse=True)
    drawn = tensors_of(replace(config, fork=None).with_later_seed(_OTHER_SEED), None)
    mixed = dict(tensors)
    for number in layers:
        mixed |= {name: drawn[name] for name in tensors if name.startswith(f"{number}.")}
        yield f"random from {rows[number].name}", dict(mixed)
    yield "initial weights", tensors_of(config, None)


def _attributed(
    network: nn.Sequential, architecture: Architecture, name: str, pixels: Tensor, background: float, label: int
) -> Attributed:
    """Return the maps of one network for one image, a tensor (1, 1, height, width)."""
    network.requires_grad_(False)
    score, gradient, grad_cam = _gradients(network, _feature_layers(architecture), pixels, label)
    maps = {Method.OCCLUSION: _occlusion(network, pixels, background, label, score), Method.GRADIENT: gradient}
    if grad_cam is not None:
        maps[Method.GRAD_CAM] = grad_cam
    return Attributed(name, score, maps)


def _gradients(network: nn.Sequential, features: int, pixels: Tensor, label: int) -> tuple[float, Map, Map | None]:
    """Return the score, the size of its gradient at each pixel, and Grad-CAM's map, if `features` layers come first."""
    inputs = pixels.clone().requires_grad_()
    maps = network[:features](inputs)
    score = network[features:](maps)[0, label]
    by_pixel, by_map = torch.autograd.grad(score, [inputs, maps])
    saliency = by_pixel[0].abs().amax(0).numpy()
    if not features:
        return score.item(), saliency, None
    importance = by_map.mean((2, 3), keepdim=True)
    grad_cam = (importance * maps).sum(1).relu()[0].detach().numpy()
    return score.item(), saliency, grad_cam


def _feature_layers(architecture: Architecture) -> int:
    """Return how many layers come before the end of the last convolution's feature maps, or 0 without a convolution."""
    layers = architecture.layers
    convolutions = [number for number, layer in enumerate(layers) if isinstance(layer, Conv | ConvTranspose)]
    if not convolutions:
        return 0
    end = convolutions[-1] + 1
    while end < len(layers) and isinstance(layers[end], _AFTER_A_CONVOLUTION):
        end += 1
    return end


@torch.inference_mode()
def _occlusion(network: nn.Sequential, pixels: Tensor, background: float, label: int, score: float) -> Map:
    """Return by how much the score falls when a square of the image becomes background, for each of its places.

    A place stands for STRIDE x STRIDE pixels, in the middle of the square.
    """
    height, width = pixels.shape[2:]
    rows, columns = -(-height // STRIDE), -(-width // STRIDE)
    covered = pixels.repeat(rows * columns, 1, 1, 1)
    margin = (PATCH - STRIDE) // 2
    for place in range(rows * columns):
        top, left = (STRIDE * one - margin for one in divmod(place, columns))
        covered[place, :, max(0, top) : top + PATCH, max(0, left) : left + PATCH] = background
    scores = torch.cat([network(some)[:, label] for some in covered.split(_AT_A_TIME)])
    return (score - scores).reshape(rows, columns).numpy()
