"""The arithmetic of sliding windows (kernels) along one side of an image."""

from math import gcd, isqrt


def window_output(size: int, kernel_size: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Return the number of positions along a side: floor((size + 2p - d(k-1) - 1) / s) + 1. Less than 1: no fit."""
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def largest_kernel(size: int, padding: int, dilation: int = 1) -> int:
    """Return the largest kernel that fits a side of this size with padding at both ends; 0 or less if none does."""
    return (size + 2 * padding - 1) // dilation + 1


def least_padding(size: int, kernel_size: int, dilation: int = 1) -> int:
    """Return the smallest padding with which the kernel fits a side of this size."""
    return max(0, -(-(dilation * (kernel_size - 1) + 1 - size) // 2))


def fitting_groups(in_channels: int, out_channels: int) -> list[int]:
    """Return the numbers of groups that divide both channel counts, in ascending order."""
    shared = gcd(in_channels, out_channels)
    small = [divisor for divisor in range(1, isqrt(shared) + 1) if shared % divisor == 0]
    return sorted({*small, *(shared // divisor for divisor in small)})
