"""A convolution of one small real digit, in whole numbers, so that each sum can be written out and checked."""

from dataclasses import dataclass
from functools import lru_cache

from hw5core.network.layers import Conv
from hw5core.network.windows import window_output

Grid = tuple[tuple[int, ...], ...]

DIGIT: Grid = (
    (0, 0, 7, 15, 13, 1, 0, 0),
    (0, 8, 13, 6, 15, 4, 0, 0),
    (0, 2, 1, 13, 13, 0, 0, 0),
    (0, 0, 2, 15, 11, 1, 0, 0),
    (0, 0, 0, 1, 12, 12, 1, 0),
    (0, 0, 0, 0, 1, 10, 8, 0),
    (0, 0, 8, 4, 5, 14, 9, 0),
    (0, 0, 7, 13, 13, 9, 0, 0),
)
"""Image 3 of scikit-learn's digits: 8x8 pixels from 0 to 16. A copy, because reading it loads all of scikit-learn."""

MOST_SIDE, MOST_KERNEL, MOST_POSITIONS = 32, 15, 24
"""The largest readable picture: side of the enlarged digit, kernel size, and positions of the window along a side."""

_WANTED_POSITIONS = 3


@dataclass(frozen=True)
class Demonstration:
    """One input channel, one filter: `output[r][c]` is `bias` plus the sum over i, j of
    `weights[i][j] * image[r*stride - padding + i*dilation][c*stride - padding + j*dilation]`, with 0 outside."""

    image: Grid
    weights: Grid
    bias: int
    stride: int
    padding: int
    dilation: int
    output: Grid


@lru_cache
def demonstrate(conv: Conv) -> Demonstration | None:
    """Return the digit, enlarged until the window has a few positions, and its convolution with an edge detector.

    Returns None if the picture would be too large.
    """
    sides = range(len(DIGIT), MOST_SIDE + 1, len(DIGIT))
    window = (conv.kernel_size, conv.stride, conv.padding, conv.dilation)
    positions = {side: window_output(side, *window) for side in sides}
    side = next((side for side in sides if positions[side] >= _WANTED_POSITIONS), MOST_SIDE)
    if conv.kernel_size > MOST_KERNEL or not 1 <= positions[side] <= MOST_POSITIONS:
        return None
    image, weights = _enlarged(DIGIT, side // len(DIGIT)), edge_detector(conv.kernel_size)
    bias = 1 if conv.bias else 0
    places = range(positions[side])
    output = tuple(tuple(bias + _sum(conv, image, weights, row, column) for column in places) for row in places)
    return Demonstration(image, weights, bias, conv.stride, conv.padding, conv.dilation, output)


def edge_detector(kernel_size: int) -> Grid:
    """Return weights that detect vertical edges: -1 in the left half, 1 in the right, 0 between; 1 for a 1x1 kernel."""
    if kernel_size == 1:
        return ((1,),)
    middle = (kernel_size - 1) / 2
    row = tuple((column > middle) - (column < middle) for column in range(kernel_size))
    return (row,) * kernel_size


def _sum(conv: Conv, image: Grid, weights: Grid, row: int, column: int) -> int:
    top, left = row * conv.stride - conv.padding, column * conv.stride - conv.padding
    return sum(
        weight * _value(image, top + i * conv.dilation, left + j * conv.dilation)
        for i, weights_of_row in enumerate(weights)
        for j, weight in enumerate(weights_of_row)
    )


def _value(image: Grid, row: int, column: int) -> int:
    return image[row][column] if 0 <= row < len(image) and 0 <= column < len(image[0]) else 0


def _enlarged(image: Grid, factor: int) -> Grid:
    return tuple(tuple(value for value in row for _ in range(factor)) for row in image for _ in range(factor))
