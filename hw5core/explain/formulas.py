"""The arithmetic of a layer as LaTeX, written the way the homework writes it: in symbols, and with its numbers."""

from hw5core.network.architecture import AvgPool, BatchNorm, Conv, Flatten, Linear, MaxPool, Shape
from hw5core.network.counting import LayerCount

SYMBOLS = r"\text{in channels}\cdot\text{out channels}\cdot(\text{kernel}\cdot\text{kernel})+\text{bias}"
"""The formula that question 1 teaches, for a convolution with one bias per output channel."""


def symbols(row: LayerCount) -> str:
    """The layer's formula without its numbers; empty where there are no parameters."""
    match row.layer:
        case Conv(groups=groups, bias=bias):
            ins = r"\frac{\text{in}}{\text{groups}}" if groups > 1 else r"\text{in}"
            return rf"{ins}\cdot\text{{out}}\cdot k^2{'+' if bias else ''}" + (r"\text{out}" if bias else "")
        case Linear(bias=bias):
            return r"\text{in}\cdot\text{out}" + (r"+\text{out}" if bias else "")
        case BatchNorm():
            return r"\text{scales}+\text{shifts}"
        case _:
            return ""


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


def arithmetic_in_words(row: LayerCount) -> str:
    """The same as plain text, spaced as LaTeX spaces it: "3 ⋅ 96 ⋅ (11 ⋅ 11) + 96"."""
    return arithmetic(row).replace(r"\cdot ", " ⋅ ").replace("+", " + ")


def product(row: LayerCount) -> str:
    """The arithmetic and what it comes to, digits grouped as the homework groups them."""
    return rf"{arithmetic(row)}={grouped(row.parameters)}" if arithmetic(row) else "0"


def shape_symbols(row: LayerCount) -> str:
    """How one side of the output follows from the input's; empty where the shape stays as it is."""
    match row.layer:
        case Conv():
            return r"\left\lfloor\frac{\text{side}+2p-d(k-1)-1}{s}\right\rfloor+1"
        case MaxPool() | AvgPool():
            return r"\left\lfloor\frac{\text{side}+2p-k}{s}\right\rfloor+1"
        case Flatten():
            return r"\text{channels}\cdot\text{height}\cdot\text{width}"
        case Linear():
            return r"\text{out}"
        case _:
            return ""


def shape_arithmetic(row: LayerCount) -> str:
    """The same with the layer's numbers: "⌊(244+2·0−1·(11−1)−1)/4⌋+1=59"; both sides where they differ."""
    match row.layer:
        case Conv() | MaxPool() | AvgPool():
            sides = dict(zip(row.input_shape[1:], row.output_shape[1:], strict=True))
            return r",\;".join(_window(row.layer, size, output) for size, output in sides.items())
        case Flatten():
            return rf"{_times(row.input_shape)}={row.output_shape[0]}"
        case Linear():
            return str(row.output_shape[0])
        case _:
            return ""


def grouped(number: int) -> str:
    """A whole number for LaTeX with commas that do not space like punctuation: 3{,}747{,}200."""
    return f"{number:,}".replace(",", "{,}")


def _times(sizes: Shape) -> str:
    return r"\cdot ".join(map(str, sizes))


def _window(layer: Conv | MaxPool | AvgPool, size: int, output: int) -> str:
    kernel = rf"{layer.dilation}\cdot({layer.kernel_size}-1)-1" if isinstance(layer, Conv) else str(layer.kernel_size)
    padded = rf"{size}+2\cdot {layer.padding}-{kernel}"
    return rf"\left\lfloor\frac{{{padded}}}{{{layer.stride}}}\right\rfloor+1={output}"
