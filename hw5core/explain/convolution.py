"""A convolution of one small real digit, in whole numbers, so that each sum can be written out and checked."""

from dataclasses import dataclass
from functools import lru_cache

from hw5core.network.fields import pair
from hw5core.network.layers import Conv
from hw5core.network.windows import SideWindow

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

MAX_SIDE, MAX_KERNEL, MAX_POSITIONS = 32, 15, 24
"""The largest readable picture: side of the enlarged digit, kernel size, and positions of the window along a side."""

_WANTED_POSITIONS = 3


@dataclass(frozen=True)
class Demonstration:
    """One input channel, one filter: `output[r][c]` is `bias` plus the sum over i, j of
    `weights[i][j] * image[r*stride - padding + i*dilation][c*stride - padding + j*dilation]`, with 0 outside.

    `stride`, `padding` (before the image), `padding_after` and `dilation` are pairs: for rows and for columns."""

    image: Grid
    weights: Grid
    bias: int
    stride: tuple[int, int]
    padding: tuple[int, int]
    padding_after: tuple[int, int]
    dilation: tuple[int, int]
    output: Grid


@lru_cache
def demonstrate(conv: Conv) -> Demonstration | None:
    """Return the digit, enlarged until the window has a few positions, and its convolution with an edge detector.

    Returns None if the picture would be too large.
    """
    windows = conv.windows
    positions = {
        side: [window.positions(side) for window in windows] for side in range(len(DIGIT), MAX_SIDE + 1, len(DIGIT))
    }
    side = next((side for side, counts in positions.items() if min(counts) >= _WANTED_POSITIONS), MAX_SIDE)
    rows, columns = positions[side]
    is_readable = max(window.kernel_size for window in windows) <= MAX_KERNEL
    if not is_readable or min(rows, columns) < 1 or max(rows, columns) > MAX_POSITIONS:
        return None
    image, weights = _enlarged(DIGIT, side // len(DIGIT)), edge_detector(*pair(conv.kernel_size))
    bias = 1 if conv.bias else 0
    output = tuple(
        tuple(bias + _sum(windows, image, weights, row, column) for column in range(columns)) for row in range(rows)
    )
    height, width = windows
    return Demonstration(
        image,
        weights,
        bias,
        stride=(height.stride, width.stride),
        padding=(height.before, width.before),
        padding_after=(height.after, width.after),
        dilation=(height.dilation, width.dilation),
        output=output,
    )


def edge_detector(height: int, width: int) -> Grid:
    """Return weights that detect vertical edges: -1 in the left half, 1 in the right, 0 between.

    A kernel of one column detects horizontal edges, and a 1x1 kernel has the weight 1.
    """
    if height == width == 1:
        return ((1,),)
    return (_edge(width),) * height if width > 1 else tuple((weight,) for weight in _edge(height))


def _edge(size: int) -> tuple[int, ...]:
    middle = (size - 1) / 2
    return tuple((place > middle) - (place < middle) for place in range(size))


def _sum(windows: tuple[SideWindow, SideWindow], image: Grid, weights: Grid, row: int, column: int) -> int:
    height, width = windows
    top, left = row * height.stride - height.before, column * width.stride - width.before
    return sum(
        weight * _value(image, top + i * height.dilation, left + j * width.dilation)
        for i, weights_of_row in enumerate(weights)
        for j, weight in enumerate(weights_of_row)
    )


def _value(image: Grid, row: int, column: int) -> int:
    return image[row][column] if 0 <= row < len(image) and 0 <= column < len(image[0]) else 0


def _enlarged(image: Grid, factor: int) -> Grid:
    return tuple(tuple(value for value in row for _ in range(factor)) for row in image for _ in range(factor))
