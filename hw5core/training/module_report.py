"""Builds a network's real module and asks torchinfo and torchsummary about it.

Everything is computed on PyTorch's meta device, where tensors have shapes but no values: a network of a hundred billion
parameters takes milliseconds and no memory. torch is imported inside the functions, so that the server, which never
loads it, can send `module_report` to a worker.
"""

import re
from typing import TYPE_CHECKING, Any

from hw5core.explain.torch_report import ModuleReport, ModuleRow, ToolReport, torchsummary_report
from hw5core.network.base_layer import Shape
from hw5core.network.counting import Sizes
from hw5core.network.notation import parse

if TYPE_CHECKING:
    from torch import nn


def module_report(text: str) -> ModuleReport:
    """Build the network of this one-line form and return what both tools report about it. Imports torch.

    Raises ArchitectureError if the text cannot be read or a layer does not fit.
    """
    import torch

    from hw5core.training.modules import build

    architecture = parse(text)
    with torch.device("meta"):
        network = build(architecture).eval()
    torchinfo_report, macs = _ask_torchinfo(network, architecture.input_shape)
    return ModuleReport(_ask_torchsummary(network, architecture.input_shape), torchinfo_report, macs)


def _ask_torchinfo(network: "nn.Sequential", input_shape: Shape) -> tuple[ToolReport, int]:
    """Return torchinfo's report and its multiply-accumulates for one example."""
    import torch
    import torchinfo

    values = torch.empty(1, *input_shape, device="meta")
    statistics: Any = torchinfo.summary(network, input_data=values, device="meta", verbose=0)
    rows = tuple(
        ModuleRow(
            f"{layer.class_name}: {layer.depth}-{layer.depth_index}", tuple(layer.output_size[1:]), layer.num_params
        )
        for layer in statistics.summary_list
        if layer.depth == 1
    )
    sizes = Sizes(statistics.total_input, statistics.total_output_bytes, statistics.total_param_bytes)
    return ToolReport(rows, _without_misprint(str(statistics)), sizes), int(statistics.total_mult_adds)


def _without_misprint(table: str) -> str:
    """Return torchinfo's table with its units as it means them: it prints "(Units.MEGABYTES)" instead of "(M)"."""
    from torchinfo import Units

    return re.sub(r"Units\.([A-Z]+)", lambda name: str(Units[name[1]].value), table)


def _ask_torchsummary(network: "nn.Sequential", input_shape: Shape) -> ToolReport:
    """Return torchsummary's report. Like torchsummary, send two examples through one layer after another."""
    import torch

    rows: list[ModuleRow] = []
    values = torch.empty(2, *input_shape, device="meta")
    with torch.no_grad():
        for number, module in enumerate(network, start=1):
            values = module(values)
            parameters = sum(parameter.numel() for parameter in module.parameters())
            rows.append(ModuleRow(f"{type(module).__name__}-{number}", tuple(values.shape[1:]), parameters))
    return torchsummary_report(rows, input_shape)
