"""What torchinfo and torchsummary report about a network, and the table in torchsummary's layout.

training/module_report.py fills these classes from the real module. No torch here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hw5core.network.base_layer import Shape
from hw5core.network.counting import BYTES_PER_VALUE, LayerCount, Sizes

MEBIBYTE = 2**20
MEGABYTE = 10**6

WHY_MEGABYTES_DIFFER = (
    "torchsummary's “MB” are MiB (2²⁰ bytes). Its forward/backward pass counts every listed output twice: the value "
    "and its gradient. torchinfo's MB are 10⁶ bytes. It also counts outputs twice, but only those of layers with "
    "parameters, so not those of ReLU. Both assume 4 bytes per value (float32)."
)


@dataclass(frozen=True)
class ModuleRow:
    """One layer as a tool reports it. The shape is that of one example."""

    name: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class ToolReport:
    """One tool's report on a network: its rows, its table as printed, and its four sizes in bytes."""

    rows: tuple[ModuleRow, ...]
    table: str
    sizes: Sizes


@dataclass(frozen=True)
class ModuleReport:
    """Both tools' reports on the same module, and torchinfo's multiply-accumulates, which include biases."""

    torchsummary: ToolReport
    torchinfo: ToolReport
    torchinfo_macs: int

    def agrees(self, row: LayerCount) -> bool:
        """Return True if both tools report the output shape and parameters that were counted for this layer."""
        for report in (self.torchsummary, self.torchinfo):
            if row.number > len(report.rows):
                return False
            reported = report.rows[row.number - 1]
            if (reported.output_shape, reported.parameters) != (row.output_shape, row.parameters):
                return False
        return True


def megabytes(sizes: Sizes, unit: int) -> tuple[str, str, str, str]:
    """Return input, forward/backward pass, parameters and total as the tools print them: two decimals of the unit."""
    values = (sizes.input, sizes.forward_backward, sizes.parameters, sizes.total)
    first, second, third, total = (f"{value / unit:.2f}" for value in values)
    return first, second, third, total


def torchsummary_report(rows: Sequence[ModuleRow], input_shape: Shape) -> ToolReport:
    """Return torchsummary's report on these layers. Its sizes count each listed output twice."""
    sizes = Sizes(
        input=BYTES_PER_VALUE * prod(input_shape),
        forward_backward=2 * BYTES_PER_VALUE * sum(prod(row.output_shape) for row in rows),
        parameters=BYTES_PER_VALUE * sum(row.parameters for row in rows),
    )
    return ToolReport(tuple(rows), _torchsummary_table(rows, sizes), sizes)


def _torchsummary_table(rows: Sequence[ModuleRow], sizes: Sizes) -> str:
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
