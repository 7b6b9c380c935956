"""The arithmetic of a window (kernel) that slides along one side of an image."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import gcd, isqrt

Span = tuple[int, int]
"""The first and the last of neighbouring pixels or positions. The last is smaller if there are none."""


@dataclass(frozen=True)
class SideWindow:
    """A window along one side of an image, with the padding before and after that side.

    With `rounds_up`, a last window may reach over the end of the padded side.
    """

    kernel_size: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    rounds_up: bool = False

    @property
    def reach(self) -> int:
        """The distance between the first and the last pixel of the window: d(k-1)."""
        return self.dilation * (self.kernel_size - 1)

    def positions(self, size: int) -> int:
        """Return the number of positions along a side: floor((size + 2p - d(k-1) - 1) / s) + 1. Less than 1: no fit."""
        return (self._free(size) + self._slack) // self.stride + 1 - self.omits_last(size)

    def omits_last(self, size: int) -> bool:
        """Return True if the last window would start after the image. PyTorch leaves it out."""
        steps = (self._free(size) + self._slack) // self.stride
        return self.rounds_up and steps * self.stride >= size + self.before

    def pixels(self, values: int) -> int:
        """Return on how many pixels in a row this many neighbouring positions depend."""
        return (values - 1) * self.stride + self.reach + 1

    def span(self, positions: Span, size: int) -> Span:
        """Return the pixels of a side of this size that lie in the windows at these neighbouring positions."""
        first, last = (position * self.stride - self.before for position in positions)
        return _ends(
            pixel
            for start in range(first, last + 1, self.stride)
            for pixel in range(start, start + self.reach + 1, self.dilation)
            if 0 <= pixel < size
        )

    # The values of one field with which the window fits, while the other fields stay the same

    def largest_kernel(self, size: int) -> int:
        """Return the largest kernel that fits."""
        return (size + self.before + self.after - 1 + self._slack) // self.dilation + 1

    def least_padding(self, size: int) -> int:
        """Return the smallest padding, the same at both ends, with which the kernel fits."""
        return max(0, -(-(self.reach + 1 - size - self._slack) // 2))

    def strides(self, size: int) -> tuple[int, int]:
        """Return the shortest stride that fits, and the longest one worth choosing."""
        free = self._free(size)
        # Rounded up, a longer stride leaves more room. Otherwise, a stride longer than this leaves one position too.
        return (max(1, 1 - free), size + self.before + self.after) if self.rounds_up else (1, free + 1)

    def widest_dilation(self, size: int, limit: int) -> int:
        """Return the largest dilation that fits, at most `limit`."""
        if self.kernel_size == 1:
            return limit
        return min(limit, (size + self.before + self.after - 1 + self._slack) // (self.kernel_size - 1))

    @property
    def _slack(self) -> int:
        return self.stride - 1 if self.rounds_up else 0

    def _free(self, size: int) -> int:
        """Return how far the window can move."""
        return size + self.before + self.after - self.reach - 1


@dataclass(frozen=True)
class TransposedWindow:
    """The window of a transposed convolution along one side: the side of the *input* has a position per pixel."""

    kernel_size: int
    stride: int
    padding: int
    output_padding: int
    dilation: int

    @property
    def reach(self) -> int:
        """The distance between the first and the last pixel of the window: d(k-1)."""
        return self.dilation * (self.kernel_size - 1)

    def outputs(self, size: int) -> int:
        """Return the side of the output: (size - 1)s - 2p + d(k-1) + o + 1. Less than 1: no fit."""
        return (size - 1) * self.stride - 2 * self.padding + self.reach + self.output_padding + 1

    def pixels(self, values: int) -> int:
        """Return on how many pixels in a row this many neighbouring outputs depend at most."""
        return (values - 1 + self.reach) // self.stride + 1

    def span(self, outputs: Span, size: int) -> Span:
        """Return the pixels of a side of this size that reach these neighbouring outputs."""
        first, last = (output + self.padding for output in outputs)
        starts = range(0, min(size * self.stride, last + 1), self.stride)
        return _ends(
            start // self.stride
            for start in starts
            for place in range(start, start + self.reach + 1, self.dilation)
            if first <= place <= last
        )

    def fitting(self, size: int) -> dict[str, tuple[int, int | None]]:
        """Return the lowest and highest fitting value of each field, while the others stay the same. None: no limit."""
        outputs = self.outputs(size)
        missing = 1 - outputs  # how much larger the output must become; less than 0: how much smaller it may become
        # The output padding must be less than the stride or the dilation.
        stride = 1 if self.output_padding < self.dilation else self.output_padding + 1
        dilation = 1 if self.output_padding < self.stride else self.output_padding + 1
        if size > 1:
            stride = max(stride, self.stride - -missing // (size - 1))
        if self.kernel_size > 1:
            dilation = max(dilation, self.dilation - -missing // (self.kernel_size - 1))
        return {
            "kernel_size": (max(1, self.kernel_size - -missing // self.dilation), None),
            "stride": (stride, None),
            "padding": (0, (outputs - 1) // 2 + self.padding),
            "output_padding": (max(0, self.output_padding + missing), max(self.stride, self.dilation) - 1),
            "dilation": (dilation, None),
        }


def _ends(pixels: Iterable[int]) -> Span:
    """Return the first and the last of these pixels, or a span without any."""
    found = set(pixels)
    return (min(found), max(found)) if found else (0, -1)


@lru_cache(maxsize=1024)
def adaptive_pixels(size: int, positions: int, values: int) -> int:
    """Return on how many pixels so many neighbouring windows depend, if all are spread evenly over a side.

    The window at position i begins at floor(i * size / positions) and ends before ceil((i + 1) * size / positions).
    """
    ends = range(values, positions + 1)
    return max((-(-end * size // positions) - (end - values) * size // positions for end in ends), default=size)


def adaptive_span(size: int, positions: int, span: Span) -> Span:
    """Return the pixels of a side of this size in these neighbouring windows, spread as for adaptive_pixels."""
    first, last = span
    return first * size // positions, -(-(last + 1) * size // positions) - 1


def fitting_groups(in_channels: int, out_channels: int) -> list[int]:
    """Return the numbers of groups that divide both channel counts, in ascending order."""
    shared = gcd(in_channels, out_channels)
    small = [divisor for divisor in range(1, isqrt(shared) + 1) if shared % divisor == 0]
    return sorted({*small, *(shared // divisor for divisor in small)})
