"""The arithmetic of a window (kernel) that slides along one side of an image."""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd, isqrt


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

    def seen(self, values: int) -> int:
        """Return on how many pixels in a row this many neighbouring positions depend."""
        return (values - 1) * self.stride + self.reach + 1

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


@lru_cache(maxsize=1024)
def adaptive_seen(size: int, positions: int, values: int) -> int:
    """Return on how many pixels so many neighbouring windows depend, if all are spread evenly over a side.

    The window at position i begins at floor(i * size / positions) and ends before ceil((i + 1) * size / positions).
    """
    ends = range(values, positions + 1)
    return max((-(-end * size // positions) - (end - values) * size // positions for end in ends), default=size)


def fitting_groups(in_channels: int, out_channels: int) -> list[int]:
    """Return the numbers of groups that divide both channel counts, in ascending order."""
    shared = gcd(in_channels, out_channels)
    small = [divisor for divisor in range(1, isqrt(shared) + 1) if shared % divisor == 0]
    return sorted({*small, *(shared // divisor for divisor in small)})
