"""The arithmetic of a layer as LaTeX, the way the homework writes it: in symbols, and with the layer's numbers.

The formulas themselves belong to the layer kinds; here they are set for tables and exports.
"""

import re

from hw5core.network.counting import LayerCount

SYMBOLS = r"\text{in channels}\cdot\text{out channels}\cdot(\text{kernel}\cdot\text{kernel})+\text{bias}"
"""The formula that question 1 teaches, for a convolution with one bias per output channel."""


def arithmetic(row: LayerCount) -> str:
    """Return the sum that gives the layer's parameters, with numbers, in LaTeX; empty if it has no parameters.

    For the homework's first convolution: "3·96·(11·11)+96".
    """
    return row.layer.parameter_arithmetic(row.input_shape)


def arithmetic_in_words(row: LayerCount) -> str:
    """Return the sum that gives the layer's parameters as plain text: "3 ⋅ 96 ⋅ (11 ⋅ 11) + 96".

    It is spaced as LaTeX spaces it, and empty if the layer has no parameters.
    """
    return in_words(arithmetic(row))


def in_words(latex: str) -> str:
    """Return a sum of products in LaTeX as plain text, such as SYMBOLS: "in channels ⋅ out channels ⋅ (…) + bias"."""
    plain = re.sub(r"\\frac\{(.*)\}\{(.*)\}", r"\1 / \2", re.sub(r"\\text\{([^}]*)\}", r"\1", latex))
    plain = plain.replace("^2", "²").replace("{", "").replace("}", "")
    return re.sub(r"\\cdot ?", " ⋅ ", plain).replace("+", " + ")


def product(row: LayerCount) -> str:
    """Return the arithmetic and its result, in LaTeX; "0" if the layer has no parameters."""
    return rf"{arithmetic(row)}={grouped(row.parameters)}" if arithmetic(row) else "0"


def shape_arithmetic(row: LayerCount) -> str:
    """Return how the sides of the output follow from the layer's numbers, in LaTeX; empty if the shape stays the same.

    For the homework's first convolution: "⌊(244+2·0−1·(11−1)−1)/4⌋+1=59".
    """
    return row.layer.shape_arithmetic(row.input_shape)


def grouped(number: int) -> str:
    """Return a whole number for LaTeX, with commas that are not spaced like punctuation: 3{,}747{,}200."""
    return f"{number:,}".replace(",", "{,}")
