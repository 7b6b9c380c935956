"""The arithmetic of a layer as LaTeX, written the way the homework writes it: in symbols, and with its numbers."""

from hw5core.architecture import BatchNorm, Conv, Linear
from hw5core.parameters import LayerCount

SYMBOLS = r"\text{in channels}\cdot\text{out channels}\cdot(\text{kernel}\cdot\text{kernel})+\text{bias}"
"""The formula that question 1 teaches, for a convolution with one bias per output channel."""


def arithmetic(row: LayerCount) -> str:
    """The layer's parameters as a sum of its own numbers: "3·96·(11·11)+96" in LaTeX; empty where there are none."""
    bias = rf"+{row.biases}" if row.biases else ""
    match row.layer:
        case Conv() as conv:
            divided = rf"/{conv.groups}" if conv.groups > 1 else ""
            kernel = rf"({conv.kernel_size}\cdot {conv.kernel_size})"
            return rf"{row.input_shape[0]}{divided}\cdot {conv.out_channels}\cdot {kernel}{bias}"
        case Linear() as linear:
            return rf"{row.input_shape[0]}\cdot {linear.out_features}{bias}"
        case BatchNorm():
            return rf"{row.weights}{bias}"
        case _:
            return ""
