"""Exports of a network: PyTorch code that runs unchanged, the table as CSV, the arithmetic as LaTeX."""

import csv
import io

from hw5core.explain.formulas import arithmetic, grouped
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count, LayerCount

_CODE = '''"""{network}

{total:,} trainable parameters. Written by HW5 Lab. Run it, and PyTorch counts them.
"""

import torch
from torch import nn


def build() -> nn.Sequential:
    return nn.Sequential(
{layers}    )


if __name__ == "__main__":
    # The meta device knows shapes and counts but stores no values. Remove it to compute values.
    with torch.device("meta"):
        network = build().eval()
        output = network(torch.empty({example}))
    print("output shape:", tuple(output.shape[1:]))
    print("trainable parameters:", sum(parameter.numel() for parameter in network.parameters()))
'''


def python_code(counted: Count) -> str:
    """Return a Python module that builds the network. Run as a script, it prints output shape and parameters.

    It contains the layers up to the first one that does not fit.
    """
    example = ", ".join(map(str, (1, *counted.architecture.input_shape)))
    network = "\n".join(_wrapped(counted.architecture))
    return _CODE.format(
        network=network, total=counted.parameters, layers=modules_code(counted, indent=8), example=example
    )


def modules_code(counted: Count, indent: int) -> str:
    """Return a line of Python per layer: the expression that builds its module, with its shape in a comment."""
    lines = (f"{_module(row)},  # {_shape(row)}{_parameters(row)}\n" for row in counted.rows)
    return "".join(" " * indent + line for line in lines)


def csv_table(counted: Count) -> str:
    """Return a header and one line per layer that fits. Numbers have no thousands separators."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["layer", "output_shape", "parameters", "macs", "flops", "output_values", "receptive_field"])
    for row in counted.rows:
        field = "" if row.receptive_field is None else _field(*row.receptive_field)
        numbers = [row.parameters, row.macs, row.flops, row.activations, field]
        writer.writerow([row.name, _shape(row), *numbers])
    return file.getvalue()


def latex_table(counted: Count) -> str:
    """Return a LaTeX tabular of layer, arithmetic and parameters in the homework's style, with the total."""
    rows = [
        rf"  {row.name} & ${arithmetic(row)}$ & ${grouped(row.parameters)}$ \\"
        for row in counted.rows
        if arithmetic(row)
    ]
    head = [r"\begin{tabular}{llr}", r"  layer & arithmetic & parameters \\", r"  \hline"]
    tail = [r"  \hline", rf"  total & & ${grouped(counted.parameters)}$ \\", r"\end{tabular}", ""]
    return "\n".join([*head, *rows, *tail])


def _module(row: LayerCount) -> str:
    """Return the Python expression that builds the layer's module."""
    return f"nn.{row.layer.torch_class(row.input_shape)}({row.layer.torch_arguments(row.input_shape)})"


def _shape(row: LayerCount) -> str:
    return "x".join(map(str, row.output_shape))


def _field(height: int, width: int) -> str:
    """Return the side of a square receptive field, or both sides of another one."""
    return str(height) if height == width else f"{height}x{width}"


def _parameters(row: LayerCount) -> str:
    return f", {row.parameters:,} parameters" if row.parameters else ""


def _wrapped(network: Architecture) -> list[str]:
    """Return the one-line form in lines of at most about 100 characters."""
    lines, line = [], ""
    for word in str(network).split():
        if len(line) + len(word) > 100:
            lines.append(line.rstrip())
            line = ""
        line += word + " "
    return [*lines, line.rstrip()]
