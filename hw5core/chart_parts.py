"""What the charts of runs share: one source of data, an activation's colour and dash, the line to compare with.

A chart is built once, without data, and drawn as a Vega-Lite specification; a table that fills it names the activation
by its label.
"""

import math
from collections.abc import Iterable
from typing import Any, Literal

import altair as alt
import pandas as pd

from hw5core.activations import ACTIVATIONS, Activation
from hw5core.config import CLASSES, MAX_BRANCHINGS, branch_label

UNIFORM_GUESS_LOSS = math.log(CLASSES)
"""The cross-entropy of giving each digit the same probability: ln 10 = 2.303."""

UNIFORM_GUESS_WORDS = "ln 10 = 2.303: a uniform guess"

ROWS = alt.NamedData("rows")  # shared by all layers, so that a chart has one source of data
_BRANCH_DASHES = ((10, 3, 2, 3), (2, 3, 2, 3, 10, 3), (14, 6))
"""A branch's, a branch's branch's, and so on."""

GREY = "#888888"
SILENT = {"aria": False}
"""How marks are configured: a thousand of them, each describing itself, say nothing; `chart_words` says what is shown.
"""

WORDS, ENDS = "words", "ends"
"""Styles of text in a chart: what explains it, and the value at the end of a line."""

_HEIGHT = 350
_CONFIG: dict[str, Any] = {
    "mark": SILENT,
    "legend": {"offset": 24},  # the words of a reference line stand between the legend and the plot
    "style": {WORDS: {"fontSize": 13}, ENDS: {"fontSize": 15, "fontWeight": "bold"}},
}
LECTURE_HEIGHT = 480
"""How high `enlarged` makes a chart, in pixels."""

_LECTURE_CONFIG: dict[str, Any] = {
    "style": {WORDS: {"fontSize": 19}, ENDS: {"fontSize": 26, "fontWeight": "bold"}},
    "axis": {"labelFontSize": 18, "titleFontSize": 18},
    "legend": {"labelFontSize": 20, "offset": 32},
    "line": {"strokeWidth": 4},
}


def row_of_nothing(*columns: str) -> pd.DataFrame:
    """The first row of every table: no values, so it draws nothing, but the reference lines need a row to stand on."""
    return pd.DataFrame({"activation": "", **dict.fromkeys(columns, math.nan)}, index=[0])


def reference(value: float, text: str, inside: bool = False) -> alt.LayerChart:
    """A dotted line across the chart; what it stands for is written above the plot, where no curve crosses it, or at
    its upper edge in a chart that zooms: there the browser cuts off what lies outside.

    Its one row is counted out of the chart's own data: a second data source would keep Streamlit from swapping the data
    of a live chart in place.
    """
    at = alt.Chart(ROWS).transform_aggregate(rows="count()")
    rule = at.mark_rule(strokeDash=[2, 3], color=GREY, size=1.5).encode(y=alt.datum(value))
    words = at.mark_text(align="right", baseline="top" if inside else "bottom", color=GREY, style=WORDS)
    placed = words.encode(x=alt.value("width"), y=alt.value(2 if inside else -4), text=alt.value(f"┈ {text}"))
    if not inside:
        return rule + placed
    # Unseen, it keeps the scale so high that the words stand above the line.
    return rule + placed + at.mark_rule(opacity=0).encode(y=alt.datum(1.2 * value))


def epoch_axis(epochs: int) -> alt.X:
    """Whole epochs, the first one 0, each with its own place from the beginning."""
    scale = alt.Scale(domain=[0, max(1, epochs - 1)], nice=False)
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(epochs, 10))
    return alt.X("epoch:Q", title="epoch (from 0)", scale=scale, axis=axis)


def looks(labels: Iterable[str]) -> list[tuple[str, Activation, tuple[int, ...]]]:
    """Each of these labels with its activation, whose colour it has, and its dash, in the activations' order. A branch
    has a dash of its own, which tells it from a run with the same activation."""
    known = [
        (branch_label(spec.label, branchings), spec, _BRANCH_DASHES[branchings - 1] if branchings else spec.dash)
        for branchings in range(MAX_BRANCHINGS + 1)
        for spec in ACTIVATIONS.values()
    ]
    return [look for look in known if look[0] in labels]


def colour(labels: tuple[str, ...], symbol_size: int = 600) -> alt.Color:
    """Each activation of these labels in its own colour; symbols of 600 square pixels show a dash, points need less."""
    shown = looks(labels)
    scale = alt.Scale(domain=[label for label, _, _ in shown], range=[spec.colour for _, spec, _ in shown])
    return alt.Color("activation:N", scale=scale, title=None, legend=legend(symbol_size))


def dash(labels: tuple[str, ...]) -> alt.StrokeDash:
    """Each activation of these labels with its own dash, which tells it apart without colour."""
    shown = looks(labels)
    scale = alt.Scale(domain=[label for label, _, _ in shown], range=[list(dashes) for _, _, dashes in shown])
    return alt.StrokeDash("activation:N", scale=scale, title=None, legend=legend())


def legend(symbol_size: int = 600, orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """A stroke wide enough to show its dash, and as strong as the line itself where a pale band shares the legend."""
    return alt.Legend(orient=orient, symbolType="stroke", symbolOpacity=1, symbolSize=symbol_size, symbolStrokeWidth=3)


def tooltip(*columns: str) -> list[alt.Tooltip]:
    """The activation and the exact values of these columns."""
    exact = [alt.Tooltip(f"{column}:Q", title=column.replace("_", " ")) for column in columns]
    return [alt.Tooltip("activation:N"), *exact]


def specification(*layers: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """The layers as one chart that names no data."""
    made: dict[str, Any] = alt.layer(*layers).properties(height=_HEIGHT).to_dict()
    made["config"] |= _CONFIG
    # Streamlit sends the table beside the specification, and draws nothing if that names a source of its own.
    del made["data"]
    return made


def enlarged(specification: dict[str, Any]) -> dict[str, Any]:
    """The same chart for a lecture hall: higher, with larger words and thicker lines."""
    return specification | {"height": LECTURE_HEIGHT, "config": specification["config"] | _LECTURE_CONFIG}
