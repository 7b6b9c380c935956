"""A network to take away: PyTorch code that runs as it stands, the table as CSV, the arithmetic as LaTeX."""

import csv
import io

from hw5core.explain.formulas import arithmetic, grouped
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count, LayerCount

_CODE = '''"""{network}

{total:,} trainable parameters. Written by HW5 Lab; run it, and PyTorch counts for itself.
"""

import torch
from torch import nn


def build() -> nn.Sequential:
    return nn.Sequential(
{layers}    )


if __name__ == "__main__":
    # The meta device knows shapes and counts without holding a single value. Leave it out to compute for real.
    with torch.device("meta"):
        network = build().eval()
        output = network(torch.empty({example}))
    print("output shape:", tuple(output.shape[1:]))
    print("trainable parameters:", sum(parameter.numel() for parameter in network.parameters()))
'''


def python_code(counted: Count) -> str:
    """A module that builds the network (of the layers that fit), and prints output shape and parameters when run."""
    layers = "".join(f"        {_module(row)},  # {_shape(row)}{_parameters(row)}\n" for row in counted.rows)
    example = ", ".join(map(str, (1, *counted.architecture.input_shape)))
    network = "\n".join(_wrapped(counted.architecture))
    return _CODE.format(network=network, total=counted.parameters, layers=layers, example=example)


def csv_table(counted: Count) -> str:
    """One line per layer that fits, with a head; numbers are written without separators."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["layer", "output_shape", "parameters", "macs", "flops", "output_values", "receptive_field"])
    for row in counted.rows:
        field = "" if row.receptive_field is None else row.receptive_field
        numbers = [row.parameters, row.macs, row.flops, row.activations, field]
        writer.writerow([row.name, _shape(row), *numbers])
    return file.getvalue()


def latex_table(counted: Count) -> str:
    """A tabular of layer, arithmetic and parameters, as the homework writes them, with the total."""
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


def _parameters(row: LayerCount) -> str:
    return f", {row.parameters:,} parameters" if row.parameters else ""


def _wrapped(network: Architecture) -> list[str]:
    """The one-line form in lines that fit a page."""
    lines, line = [], ""
    for word in str(network).split():
        if len(line) + len(word) > 100:
            lines.append(line.rstrip())
            line = ""
        line += word + " "
    return [*lines, line.rstrip()]
