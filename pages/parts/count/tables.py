"""The tables of the Count page: a row per layer, its arithmetic, and a tick if PyTorch agrees.

Tables that change while a slider moves are live tables. The formulas, with their fractions, are Markdown with LaTeX.
"""

from math import prod

from hw5core.explain.formulas import arithmetic_in_words, product, shape_arithmetic
from hw5core.explain.torch_report import ModuleReport
from hw5core.markdown import markdown_table
from hw5core.network.base_layer import Shape
from hw5core.network.counting import BYTES_PER_VALUE, Count, LayerCount
from pages.parts.count.live_table import Row, Table

AGREES, DISAGREES, NO_REPORT = "✓", "✘", "·"


def count_table(counted: Count, report: ModuleReport | None, selected: int | None) -> Table:
    """Return the homework's table: layer, arithmetic, output shape, parameters, and whether PyTorch agrees."""
    return _live(
        {"layer": "left", "arithmetic": "formula", "output shape": "right", "parameters": "right", "PyTorch": "centre"},
        ["input", "", _shape(counted.architecture.input_shape), "none", ""],
        [
            [arithmetic_in_words(row), _shape(row.output_shape), f"{row.parameters:,}", _tick(row, report)]
            for row in counted.rows
        ],
        counted,
        selected,
        ["total", "", "", f"{counted.parameters:,}", _total_tick(counted, report)],
    )


def cost_table(counted: Count, selected: int | None, images: int = 1) -> Table:
    """Return the cost of each layer: share of the parameters, MACs, FLOPs, memory of the output, receptive field.

    The memory is that of a batch of `images` images, everything else is for one image.
    """
    bytes_per_value = BYTES_PER_VALUE * images
    total = counted.parameters or 1
    output = f"output × {images:,}" if images > 1 else "output"
    titles = ["layer", "share", "MACs", "FLOPs = 2·MACs", output, "receptive field"]
    return _live(
        dict(zip(titles, ["left", *["right"] * 5], strict=True)),
        ["input", "", "", "", memory(bytes_per_value * prod(counted.architecture.input_shape)), "1×1"],
        [
            [
                f"{row.parameters / total:.1%}",
                f"{row.macs:,}",
                f"{row.flops:,}",
                memory(bytes_per_value * row.activations),
                receptive_field(row, counted.architecture.input_shape),
            ]
            for row in counted.rows
        ],
        counted,
        selected,
        [
            "total",
            "100%" if counted.parameters else "",
            f"{counted.macs:,}",
            f"{counted.flops:,}",
            memory(bytes_per_value * counted.activations),
            "",
        ],
    )


def receptive_field(row: LayerCount, input_shape: Shape) -> str:
    """Return the receptive field of a layer's output in words, and whether it is larger than the image."""
    if row.receptive_field is None:
        return "the whole image"
    height, width = row.receptive_field
    is_larger = height > input_shape[1] or width > input_shape[2]
    return f"{height}×{width}" + ", larger than the image" * is_larger


def formula_table(counted: Count, selected: int | None) -> str:
    """Return the formula of each layer's parameters as Markdown, in symbols and with numbers."""
    rows = [row for row in counted.rows if row.layer.parameter_symbols()]
    return _table(
        ["layer", "parameters in symbols", "with numbers"],
        ["input", "", "none"],
        [[_name(row, selected), _latex(row.layer.parameter_symbols()), _latex(product(row))] for row in rows],
        counted,
        ["**total**", "", f"**{counted.parameters:,}**"],
    )


def shape_table(counted: Count, selected: int | None) -> str:
    """Return the formula of the output's side as Markdown, for each layer that changes the shape."""
    rows = [row for row in counted.rows if row.layer.shape_symbols()]
    return _table(
        ["layer", "output side in symbols", "with numbers"],
        ["input", "", _shape(counted.architecture.input_shape)],
        [[_name(row, selected), _latex(row.layer.shape_symbols()), _latex(shape_arithmetic(row))] for row in rows],
        counted,
        ["**output**", "", f"**{_shape(counted.output_shape)}**"],
    )


def memory(size: int) -> str:
    """Return bytes in a binary unit, with three significant digits: "1.27 MiB"."""
    value, units = float(size), iter(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))
    unit = next(units)
    while value >= 1000 and unit != "EiB":
        value, unit = value / 1024, next(units)
    return f"{size} B" if unit == "B" else f"{value:.3g} {unit}"


def _live(
    columns: dict[str, str],
    first: list[str],
    rows: list[list[str]],
    counted: Count,
    selected: int | None,
    total: list[str],
) -> Table:
    """Return a live table. `columns` maps titles to looks; `rows` are without the layers' names."""
    counts = [
        Row((f"▸ {layer.name}", *words), "selected") if layer.number == selected else Row((layer.name, *words))
        for layer, words in zip(counted.rows, rows, strict=True)
    ]
    waiting = [Row((name, *["?"] * (len(columns) - 1))) for name in _uncounted_names(counted)]
    last = [Row(tuple(total), "total")] if not counted.misfit else []
    return Table(tuple(columns), tuple(columns.values()), (Row(tuple(first)), *counts, *waiting, *last))


def _table(head: list[str], first: list[str], rows: list[list[str]], counted: Count, total: list[str]) -> str:
    waiting = [[name, *["?"] * (len(head) - 1)] for name in _uncounted_names(counted)]
    last = [total] if not counted.misfit else []
    return markdown_table(head, [first, *rows, *waiting, *last], align="lll")


def _uncounted_names(counted: Count) -> list[str]:
    """Return the names of the layers from the misfit on, whose input and counts are unknown."""
    first = len(counted.rows)
    names = [layer.torch_class(counted.output_shape) for layer in counted.architecture.layers[first:]]
    return [f"{'⚠️ ' if not place else ''}{name}-{first + 1 + place}" for place, name in enumerate(names)]


def _name(row: LayerCount, selected: int | None) -> str:
    return f":primary-background[**▸ {row.name}**]" if row.number == selected else row.name


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _latex(formula: str) -> str:
    return f"${formula}$" if formula else ""


def _tick(row: LayerCount, report: ModuleReport | None) -> str:
    if report is None:
        return NO_REPORT
    return AGREES if report.agrees(row) else DISAGREES


def _total_tick(counted: Count, report: ModuleReport | None) -> str:
    if report is None:
        return NO_REPORT
    return AGREES if all(report.agrees(row) for row in counted.rows) else DISAGREES
