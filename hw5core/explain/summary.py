"""The same facts asked of the real module: what torchinfo reports, and the table that torchsummary prints.

Everything is computed on PyTorch's meta device, where tensors have shapes but no values: a network of a hundred billion
parameters is built and run in milliseconds and takes no memory. Importing this module loads no torch, so that the
server can send `ask_module` to a worker.
"""

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from hw5core.network.base_layer import Shape
from hw5core.network.counting import BYTES_PER_VALUE, LayerCount, Sizes
from hw5core.network.notation import parse

if TYPE_CHECKING:
    from torch import nn

MEBIBYTE = 2**20
MEGABYTE = 10**6


@dataclass(frozen=True)
class ModuleRow:
    """One layer as a tool reports it; the shape is that of one example."""

    name: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class Report:
    """What a tool says of a network: its rows, its table as printed, and its four sizes in bytes."""

    rows: tuple[ModuleRow, ...]
    table: str
    sizes: Sizes


@dataclass(frozen=True)
class ModuleFacts:
    """Both tools' reports on the same module, and torchinfo's multiply-accumulates (which count biases too)."""

    torchsummary: Report
    torchinfo: Report
    torchinfo_macs: int

    def agrees(self, row: LayerCount) -> bool:
        """Whether both tools have the same shape and the same parameters for this layer as the closed form."""
        return all(self._same(report, row) for report in (self.torchsummary, self.torchinfo))

    @staticmethod
    def _same(report: Report, row: LayerCount) -> bool:
        if row.number > len(report.rows):
            return False
        asked = report.rows[row.number - 1]
        return (asked.output_shape, asked.parameters) == (row.output_shape, row.parameters)


def megabytes(sizes: Sizes, unit: int) -> tuple[str, str, str, str]:
    """Input, forward/backward pass, parameters and total, as the tools print them: two decimals of the unit."""
    values = (sizes.input, sizes.forward_backward, sizes.parameters, sizes.total)
    first, second, third, total = (f"{value / unit:.2f}" for value in values)
    return first, second, third, total


def ask_module(text: str) -> ModuleFacts:
    """Build the network of this one-line form and have both tools count it. Run it on a worker: it loads torch.

    Raises ArchitectureError where `parse` and `networks.build` do.
    """
    import torch

    from hw5core.training.modules import build

    architecture = parse(text)
    with torch.device("meta"):
        network = build(architecture).eval()
    report, macs = _torchinfo(network, architecture.input_shape)
    return ModuleFacts(_torchsummary(network, architecture.input_shape), report, macs)


def _torchinfo(network: "nn.Sequential", input_shape: Shape) -> tuple[Report, int]:
    import torch
    import torchinfo

    values = torch.empty(1, *input_shape, device="meta")
    found: Any = torchinfo.summary(network, input_data=values, device="meta", verbose=0)
    layers = [layer for layer in found.summary_list if layer.depth == 1]
    rows = tuple(
        ModuleRow(
            f"{layer.class_name}: {layer.depth}-{layer.depth_index}", tuple(layer.output_size[1:]), layer.num_params
        )
        for layer in layers
    )
    sizes = Sizes(found.total_input, found.total_output_bytes, found.total_param_bytes)
    return Report(rows, str(found), sizes), int(found.total_mult_adds)


def _torchsummary(network: "nn.Sequential", input_shape: Shape) -> Report:
    """torchsummary's figures, its way: two images through layer after layer; each listed output counts twice."""
    import torch

    rows: list[ModuleRow] = []
    values = torch.empty(2, *input_shape, device="meta")
    with torch.no_grad():
        for number, module in enumerate(network, start=1):
            values = module(values)
            parameters = sum(parameter.numel() for parameter in module.parameters())
            rows.append(ModuleRow(f"{type(module).__name__}-{number}", tuple(values.shape[1:]), parameters))
    sizes = Sizes(
        input=BYTES_PER_VALUE * prod(input_shape),
        forward_backward=2 * BYTES_PER_VALUE * sum(prod(row.output_shape) for row in rows),
        parameters=BYTES_PER_VALUE * sum(row.parameters for row in rows),
    )
    return Report(tuple(rows), _torchsummary_table(rows, sizes), sizes)


def _torchsummary_table(rows: list[ModuleRow], sizes: Sizes) -> str:
    thin, thick = "-" * 64, "=" * 64
    lines = [f"{row.name:>20}  {[-1, *row.output_shape]!s:>25} {row.parameters:>15,}" for row in rows]
    total = sum(row.parameters for row in rows)
    inputs, passes, parameters, whole = megabytes(sizes, MEBIBYTE)
    return "\n".join(
        [
            thin,
            f"{'Layer (type)':>20}  {'Output Shape':>25} {'Param #':>15}",
            thick,
            *lines,
            thick,
            f"Total params: {total:,}",
            f"Trainable params: {total:,}",
            "Non-trainable params: 0",
            thin,
            f"Input size (MB): {inputs}",
            f"Forward/backward pass size (MB): {passes}",
            f"Params size (MB): {parameters}",
            f"Estimated Total Size (MB): {whole}",
            thin,
        ]
    )
