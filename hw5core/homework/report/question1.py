"""Question 1 of the report: the parameters of a network, with the formulas and the tables of both tools."""

from collections.abc import Iterator

from hw5core.explain.formulas import SYMBOLS, arithmetic_in_words, in_words
from hw5core.explain.torch_report import MEBIBYTE, MEGABYTE, WHY_MEGABYTES_DIFFER, ModuleReport, megabytes
from hw5core.homework.report.document import Block, Code, Heading, Missing, Paragraph, Table
from hw5core.network.counting import Count, LayerCount, sizes
from hw5core.network.presets import PRESETS


def question1(counted: Count, tools: ModuleReport | str) -> Iterator[Block]:
    """Yield the blocks. `tools` are the reports of both tools, or a sentence that says why there are none."""
    yield Heading("Question 1: the trainable parameters")
    yield Paragraph(f"The network: {_title(counted)}. In one line: {counted.architecture}")
    yield Paragraph(f"For a convolution: parameters = {in_words(SYMBOLS)}. There is one bias per output channel.")
    yield _counts(counted)
    if isinstance(tools, str):
        yield Missing(f"The tables of torchinfo and torchsummary are missing: {tools}")
        return
    yield Paragraph(_agreement(counted, tools))
    yield Code("torchsummary's table", tools.torchsummary.table)
    yield Code("torchinfo's table", tools.torchinfo.table)
    yield _tool_sizes(counted, tools)
    yield Paragraph(f"Two correct tools, two different numbers. {WHY_MEGABYTES_DIFFER}")


def _title(counted: Count) -> str:
    titles = (preset.title for preset in PRESETS.values() if preset.architecture == counted.architecture)
    return next(titles, "one of your own")


def _counts(counted: Count) -> Table:
    rows = [_row(row) for row in counted.rows if row.parameters]
    total = ("total", "", "", f"{counted.parameters:,}")
    head = ("layer", "formula", "with numbers", "parameters")
    return Table("Parameters of each layer", head, (*rows, total), "lllr")


def _row(row: LayerCount) -> tuple[str, ...]:
    symbols = in_words(row.layer.parameter_symbols())
    return row.name, symbols, arithmetic_in_words(row), f"{row.parameters:,}"


def _agreement(counted: Count, tools: ModuleReport) -> str:
    different = [row.name for row in counted.rows if not tools.agrees(row)]
    if different:
        return f"The tools report other shapes or parameters for {', '.join(different)}."
    return f"Both tools report the same shapes and parameters for every layer: {counted.parameters:,} in total."


def _tool_sizes(counted: Count, tools: ModuleReport) -> Table:
    head = ("tool", "input size", "forward/backward pass", "params size", "estimated total")
    rows = (
        ("torchsummary, MiB", *megabytes(sizes(counted), MEBIBYTE)),
        ("torchinfo, MB", *megabytes(tools.torchinfo.sizes, MEGABYTE)),
    )
    return Table("Sizes for one example", head, rows, "lrrrr")
