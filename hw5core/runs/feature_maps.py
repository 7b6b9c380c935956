"""What one layer of a network makes of one image, as arrays. Importing this module loads no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw5core.network.base_layer import Shape
from hw5core.runs.value_trace import ValueTrace

MAX_MAPS = 32
"""The most maps of a layer that are shown."""

MAX_CHANNELS = 64
"""The most channels of a filter that are shown."""

MAX_VALUES = 2**14
"""The most values of a layer, and the most weights of its filters, that are shown: 64 KB."""

UNITS_IN_ROW = 10
"""The values of a layer without an image are shown in rows of so many."""


@dataclass(frozen=True)
class FeatureMaps:
    """The output of layer `name` for one image, and the layer's filters.

    `values` are the first maps, float32 (maps, height, width). The values of a layer without an image, after a flatten,
    are one map with rows of UNITS_IN_ROW, and zeros after the last one. `filters` are the weights of the same maps,
    float32 (maps, channels, height, width), for the first channels of the input; None if the layer is no convolution.
    Both are empty if already one map or filter has more than MAX_VALUES values. `trace` writes out how one of all the
    values is computed.
    """

    name: str
    values: NDArray[np.float32]
    filters: NDArray[np.float32] | None
    trace: ValueTrace


def shown_maps(output_shape: Shape) -> tuple[int, int, int]:
    """Return how many maps of a layer's output are shown, with their height and width."""
    if len(output_shape) == 1:
        rows = -(-output_shape[0] // UNITS_IN_ROW)
        size = (rows, min(output_shape[0], UNITS_IN_ROW))
        return int(rows * size[1] <= MAX_VALUES), *size
    maps, height, width = output_shape
    return min(maps, MAX_MAPS, MAX_VALUES // (height * width)), height, width
