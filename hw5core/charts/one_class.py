"""The chart of the probability that networks give to one class of an image, through their training."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import GREY, ROWS, colour, dash, reference, specification
from hw5core.charts.series import Series

Curve = Sequence[tuple[str, int, float]]
"""The points of one network: what the checkpoint is called, the batches trained until then, and the probability."""


def one_class_table(curves: Mapping[str, Curve], marked: str) -> pd.DataFrame:
    """Return a row per network and checkpoint, with the columns series, checkpoint, batches, probability and mark.

    The keys of `curves` are the networks' labels. The probability is in percent. `mark` is the position of the
    checkpoint `marked`, in its rows only.
    """
    rows = [
        (label, checkpoint, batches, 100 * probability, batches if checkpoint == marked else None)
        for label, curve in curves.items()
        for checkpoint, batches, probability in curve
    ]
    return pd.DataFrame(rows, columns=["series", "checkpoint", "batches", "probability", "mark"])


@lru_cache
def one_class_chart(series: tuple[Series, ...]) -> dict[str, Any]:
    """Return the chart. A vertical line is at the mark."""
    base = alt.Chart(ROWS)
    x = alt.X("batches:Q", title="batches trained", scale=alt.Scale(nice=False))
    y = alt.Y("probability:Q", title="probability, %", scale=alt.Scale(domain=[0, 100]))
    hints = [
        alt.Tooltip("series:N", title="network"),
        alt.Tooltip("checkpoint:N", title="weights after"),
        alt.Tooltip("batches:Q", format=","),
        alt.Tooltip("probability:Q", title="probability, %", format=".7~g"),
    ]
    mark = base.transform_filter("datum.mark !== null").mark_rule(color=GREY, strokeDash=[2, 3]).encode(x="mark:Q")
    curves = base.encode(x=x, y=y, color=colour(series))
    lines = curves.mark_line(strokeWidth=3).encode(strokeDash=dash(series))
    dots = curves.mark_point(filled=True, size=70, opacity=1)
    # A larger, invisible point is easier to hit.
    targets = curves.mark_point(size=500, opacity=0, filled=True).encode(tooltip=hints)
    classes = max(one.classes for one in series)
    guess = reference(100 / classes, f"{100 / classes:g} %: a uniform guess")
    return specification(mark, guess, lines, dots, targets, series=series)


def one_class_in_words(curves: Mapping[str, Curve]) -> list[str]:
    """Return a sentence per network: its probability at the start and the end, and from when on it is above a half."""
    return [_in_words(label, curve) for label, curve in curves.items()]


def _in_words(label: str, curve: Curve) -> str:
    if len(curve) == 1:
        return f"{label}: {100 * curve[0][2]:.2f} % at the {curve[0][0]}"
    ends = f"{label}: {100 * curve[0][2]:.2f} % at the {curve[0][0]}, {100 * curve[-1][2]:.2f} % after {curve[-1][0]}"
    last_below = max((place for place, point in enumerate(curve) if not point[2] > 0.5), default=-1)
    if last_below == len(curve) - 1:
        return f"{ends}; not above 50 % there"
    return f"{ends}; above 50 % from {'the ' * (last_below < 0)}{curve[last_below + 1][0]} on"
