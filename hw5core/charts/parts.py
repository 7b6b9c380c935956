"""The parts that all charts share: data source, axes, colours, dashes, legends, reference lines and styles.

A chart is built once, without data, as a Vega-Lite specification. A table with its data is sent separately. In the
column `series`, the table names each series by its label.
"""

import math
from collections.abc import Iterable
from typing import Any, Literal

import altair as alt
import pandas as pd

from hw5core.charts.series import Series

ROWS = alt.NamedData("rows")
"""The one data source of a chart. Its layers share it, because Streamlit replaces only one source in place."""

GREY = "#888888"
SILENT = {"aria": False}
"""The configuration of marks: screen readers get one description of the chart instead of a thousand marks."""

LETTER = "letter"
"""The parameter with the mean width of a letter in pixels, for the expressions of a chart."""

WORDS, ENDS = "words", "ends"
"""The text styles of a chart: explanations, and values at the ends of lines."""

CROSS = "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5"
"""The shape of a prediction, as an SVG path."""

POWERS = [10.0**power for power in range(-100, 31)]
"""Where a logarithmic axis has lines. By itself it has eight more between each two."""

_HEIGHT = 350
_LEGEND_ROW = 20
_LETTER_WIDTH = 6.5
_CONFIG: dict[str, Any] = {
    "mark": SILENT,
    "legend": {"offset": 24},  # leaves space for the text of a reference line above the plot
    "style": {WORDS: {"fontSize": 13}, ENDS: {"fontSize": 15, "fontWeight": "bold"}},
}
LECTURE_HEIGHT = 480
"""The height of an ordinary chart in lecture mode, in pixels."""

_LECTURE_LETTER_WIDTH = 11
_LECTURE_CONFIG: dict[str, Any] = {
    "style": {WORDS: {"fontSize": 19}, ENDS: {"fontSize": 26, "fontWeight": "bold"}},
    "axis": {"labelFontSize": 18, "titleFontSize": 18},
    "legend": {"labelFontSize": 20, "offset": 32},
    "line": {"strokeWidth": 4},
}


def empty_row(*columns: str) -> pd.DataFrame:
    """Return a row without values, for the start of a table. Without any row, reference lines would not be drawn."""
    return pd.DataFrame({"series": "", **dict.fromkeys(columns, math.nan)}, index=[0])


def reference(value: float, text: str, inside: bool = False) -> alt.LayerChart:
    """Return a dotted line across the chart at `value`, with a text above the plot.

    Put the text `inside` the plot if the chart zooms: the browser then clips what is outside.
    """
    # The aggregate makes one row of the chart's own data, because a chart may have only one data source.
    base = alt.Chart(ROWS).transform_aggregate(rows="count()")
    rule = base.mark_rule(strokeDash=[2, 3], color=GREY, size=1.5).encode(y=alt.datum(value))
    words = base.mark_text(align="right", baseline="top" if inside else "bottom", color=GREY, style=WORDS)
    placed = words.encode(x=alt.value("width"), y=alt.value(2 if inside else -4), text=alt.value(f"┈ {text}"))
    if not inside:
        return rule + placed
    # An invisible rule keeps the scale high enough for the text to be above the line.
    return rule + placed + base.mark_rule(opacity=0).encode(y=alt.datum(1.2 * value))


def guess_words(classes: int) -> str:
    """Return the loss of giving each of so many classes the same probability, in words."""
    return f"ln {classes} = {math.log(classes):.3f}: a uniform guess"


def guess_lines(series: Iterable[Series], inside: bool = False) -> list[alt.LayerChart]:
    """Return a reference line at the loss of a uniform guess, one for each number of classes among the series."""
    numbers = sorted({one.classes for one in series})
    return [reference(math.log(classes), guess_words(classes), inside) for classes in numbers]


def epoch_axis(epochs: int) -> alt.X:
    """Return an axis of whole epochs from 0, which has its final length from the start."""
    scale = alt.Scale(domain=[0, max(1, epochs - 1)], nice=False)
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(epochs, 10))
    return alt.X("epoch:Q", title="epoch (from 0)", scale=scale, axis=axis)


def colour(series: Iterable[Series], symbol_size: int = 600) -> alt.Color:
    """Return the colours of the series, with a legend whose symbols have this area in square pixels.

    A line needs 600 to show its dash, and a point less.
    """
    shown = tuple(series)
    labels = [one.label for one in shown]
    scale = alt.Scale(domain=labels, range=[one.colour for one in shown])
    return alt.Color("series:N", scale=scale, title=None, legend=legend(labels, symbol_size))


def dash(series: Iterable[Series]) -> alt.StrokeDash:
    """Return the dashes of the series, so that they differ without colour too."""
    shown = tuple(series)
    labels = [one.label for one in shown]
    scale = alt.Scale(domain=labels, range=[list(one.dash) for one in shown])
    return alt.StrokeDash("series:N", scale=scale, title=None, legend=legend(labels))


def legend(labels: Iterable[str], symbol_size: int = 600, orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """Return a legend that shows dashes, with as many labels in a row as the chart has space for."""
    longest = max(map(len, labels), default=1)
    return alt.Legend(
        columns=alt.ExprRef(f"max(1, floor(width / (40 + {longest} * {LETTER})))"),
        orient=orient,
        symbolType="stroke",
        symbolOpacity=1,  # as strong as the line, where a pale band shares the legend
        symbolSize=symbol_size,
        symbolStrokeWidth=3,
        labelLimit=alt.ExprRef("max(80, width - 30)"),
    )


FOUR_DECIMALS, FOUR_DIGITS = ",.4~f", ".4~g"
"""The formats of numbers in tooltips: at most four decimals, and four digits where numbers may be tiny."""


def tooltip(*columns: str, format: str = FOUR_DECIMALS) -> list[alt.Tooltip]:
    """Return a tooltip with the series' label and the values of these columns."""
    return [alt.Tooltip("series:N", title="line"), *(number_hint(column, format=format) for column in columns)]


def number_hint(column: str, title: str | None = None, format: str = FOUR_DECIMALS) -> alt.Tooltip:
    """Return the line of a tooltip with the value of this column."""
    return alt.Tooltip(f"{column}:Q", title=title or column.replace("_", " "), format=format)


def specification(*layers: alt.Chart | alt.LayerChart, series: Iterable[Series] = ()) -> dict[str, Any]:
    """Return the layers as the specification of one chart, without data.

    With more than two series it is higher, because its legend may need a row for each.
    """
    height = _HEIGHT + _LEGEND_ROW * max(0, len(tuple(series)) - 2)
    spec: dict[str, Any] = alt.layer(*layers).properties(height=height).to_dict()
    spec["config"] |= _CONFIG
    spec["params"] = [*spec.get("params", []), {"name": LETTER, "value": _LETTER_WIDTH}]
    # Streamlit sends the table separately, and draws nothing if the specification names a data source.
    del spec["data"]
    return spec


def enlarged(specification: dict[str, Any]) -> dict[str, Any]:
    """Return the chart for a lecture hall: higher, with larger text and thicker lines."""
    params = [
        one | {"value": _LECTURE_LETTER_WIDTH} if one["name"] == LETTER else one
        for one in specification.get("params", [])
    ]
    height = specification["height"] + LECTURE_HEIGHT - _HEIGHT
    return specification | {"height": height, "config": specification["config"] | _LECTURE_CONFIG, "params": params}
