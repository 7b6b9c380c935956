"""Computes the feature maps of one layer for one image, with the layer's filters and one value written out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from hw5core.network.counting import LayerCount, count
from hw5core.network.layers import Conv, ConvTranspose
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import MAX_CHANNELS, MAX_VALUES, FeatureMaps, shown_maps
from hw5core.training.environment import use_one_thread
from hw5core.training.inputs import standardise
from hw5core.training.tensors import network_of
from hw5core.training.value_trace import Place, trace_value


def feature_maps(
    config: RunConfig, tensors: dict[str, NDArray[Any]], image: NDArray[np.uint8], number: int, place: Place
) -> FeatureMaps:
    """Return the output of layer `number`, counted from 1, for an image, uint8 (height, width), and one value's trace.

    `place` is the value's channel, row and column, or its number in a row, all from 0. The network is in evaluation
    mode. Raise WeightsError if the tensors do not fit it.
    """
    use_one_thread()
    network, rows = network_of(config, tensors), count(config.architecture).rows[:number]
    network.requires_grad_(False)
    values = [standardise(image[None], config.dataset)]
    for module in list(network)[:number]:
        values.append(module(values[-1]))
    row = rows[-1]
    return FeatureMaps(
        row.name,
        _maps(values[-1][0], row),
        _filters(network[number - 1], row),
        trace_value(network, rows, values, place),
    )


def _maps(output: Tensor, row: LayerCount) -> NDArray[np.float32]:
    maps, height, width = shown_maps(row.output_shape)
    if output.dim() == 3:
        return output[:maps].numpy().copy()
    filled = nn.functional.pad(output, (0, height * width - len(output)))
    return filled.reshape(1, height, width)[:maps].numpy().copy()


def _filters(module: nn.Module, row: LayerCount) -> NDArray[np.float32] | None:
    """Return the first filters, (maps, channels, height, width), each for the channels of its group."""
    if not isinstance(row.layer, Conv | ConvTranspose):
        return None
    weight = module.weight
    assert isinstance(weight, Tensor)
    if isinstance(row.layer, ConvTranspose):
        # PyTorch has the channels of the input first, and next to them those of their group's output.
        weight = weight.unflatten(0, (row.layer.groups, -1)).transpose(1, 2).flatten(0, 1)
    _, channels, height, width = weight.shape
    channels = min(channels, MAX_CHANNELS, MAX_VALUES // (height * width))
    maps = min(shown_maps(row.output_shape)[0], MAX_VALUES // max(1, channels * height * width))
    return weight[:maps, :channels].numpy().copy()
