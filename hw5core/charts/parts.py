"""What the charts of runs share: one source of data, an activation's colour and dash, the line to compare with.

A chart is built once, without data, and drawn as a Vega-Lite specification; a table that fills it names the activation
by its label.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, Literal

import altair as alt
import pandas as pd

from hw5core.network.activations import ACTIVATIONS, Activation
from hw5core.runs.config import CLASSES, MAX_BRANCHINGS, branch_label

UNIFORM_GUESS_LOSS = math.log(CLASSES)
"""The cross-entropy of giving each digit the same probability: ln 10 = 2.303."""

UNIFORM_GUESS_WORDS = "ln 10 = 2.303: a uniform guess"

ROWS = alt.NamedData("rows")  # shared by all layers, so that a chart has one source of data
_BRANCH_DASHES = ((10, 3, 2, 3), (2, 4), (12, 5), (8, 3, 2, 3, 2, 3), (5, 5))
"""Of the branches that are shown together, the first one's, the second one's, and so on."""

_BRANCHES = [
    (branch_label(spec.label, branchings), spec)
    for branchings in range(1, MAX_BRANCHINGS + 1)
    for spec in ACTIVATIONS.values()
]
"""How each label of a branch begins, and whose it is: behind that stands what else the branch changes."""

GREY = "#888888"
SILENT = {"aria": False}
"""How marks are configured: a thousand of them, each describing itself, say nothing; `chart_words` says what is shown.
"""

LETTER = "letter"
"""The mean width of a chart's letters in pixels, as the chart's own expressions call it."""

WORDS, ENDS = "words", "ends"
"""Styles of text in a chart: what explains it, and the value at the end of a line."""

_HEIGHT = 350
_LEGEND_ROW = 20
_LETTER_WIDTH = 6.5
_CONFIG: dict[str, Any] = {
    "mark": SILENT,
    "legend": {"offset": 24},  # the words of a reference line stand between the legend and the plot
    "style": {WORDS: {"fontSize": 13}, ENDS: {"fontSize": 15, "fontWeight": "bold"}},
}
LECTURE_HEIGHT = 480
"""How high `enlarged` makes an ordinary chart, in pixels."""

_LECTURE_LETTER_WIDTH = 11
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
    """Each of these labels with its activation, whose colour it has, and its dash: first the runs, in the activations'
    order, then the branches as they were named. A branch's dash tells it from every other one and from its run."""
    shown = tuple(dict.fromkeys(labels))
    runs = [(spec.label, spec, spec.dash) for spec in ACTIVATIONS.values() if spec.label in shown]
    branches = [(label, spec) for label in shown for name, spec in _BRANCHES if f"{label}, ".startswith(f"{name}, ")]
    return runs + [(*branch, dashes) for branch, dashes in zip(branches, cycle(_BRANCH_DASHES), strict=False)]


def colour(labels: tuple[str, ...], symbol_size: int = 600) -> alt.Color:
    """Each activation of these labels in its own colour; symbols of 600 square pixels show a dash, points need less."""
    shown = looks(labels)
    scale = alt.Scale(domain=[label for label, _, _ in shown], range=[spec.colour for _, spec, _ in shown])
    return alt.Color("activation:N", scale=scale, title=None, legend=legend(labels, symbol_size))


def dash(labels: tuple[str, ...]) -> alt.StrokeDash:
    """Each activation of these labels with its own dash, which tells it apart without colour."""
    shown = looks(labels)
    scale = alt.Scale(domain=[label for label, _, _ in shown], range=[list(dashes) for _, _, dashes in shown])
    return alt.StrokeDash("activation:N", scale=scale, title=None, legend=legend(labels))


def legend(labels: Iterable[str], symbol_size: int = 600, orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """A stroke wide enough to show its dash, and as strong as the line itself where a pale band shares the legend; as
    many of the labels in a row as the chart is wide enough for."""
    longest = max(map(len, labels), default=1)
    return alt.Legend(
        columns=alt.ExprRef(f"max(1, floor(width / (40 + {longest} * {LETTER})))"),
        orient=orient,
        symbolType="stroke",
        symbolOpacity=1,
        symbolSize=symbol_size,
        symbolStrokeWidth=3,
        labelLimit=alt.ExprRef("max(80, width - 30)"),
    )


def tooltip(*columns: str) -> list[alt.Tooltip]:
    """The activation and the exact values of these columns."""
    exact = [alt.Tooltip(f"{column}:Q", title=column.replace("_", " ")) for column in columns]
    return [alt.Tooltip("activation:N"), *exact]


def specification(*layers: alt.Chart | alt.LayerChart, labels: Sequence[str] = ()) -> dict[str, Any]:
    """The layers as one chart that names no data; higher, if the legend may need a row for each of many labels."""
    height = _HEIGHT + _LEGEND_ROW * max(0, len(labels) - 2)
    made: dict[str, Any] = alt.layer(*layers).properties(height=height).to_dict()
    made["config"] |= _CONFIG
    made["params"] = [*made.get("params", []), {"name": LETTER, "value": _LETTER_WIDTH}]
    # Streamlit sends the table beside the specification, and draws nothing if that names a source of its own.
    del made["data"]
    return made


def enlarged(specification: dict[str, Any]) -> dict[str, Any]:
    """The same chart for a lecture hall: higher, with larger words and thicker lines."""
    params = [
        one | {"value": _LECTURE_LETTER_WIDTH} if one["name"] == LETTER else one
        for one in specification.get("params", [])
    ]
    height = specification["height"] + LECTURE_HEIGHT - _HEIGHT
    return specification | {"height": height, "config": specification["config"] | _LECTURE_CONFIG, "params": params}
