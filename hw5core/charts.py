"""From runs to altair charts. A chart is built once, without data, and drawn as a Vega-Lite specification; the tables
that fill it come from the functions beside it. Pure functions, no page, no torch.

A table names the activation by its label, and every chart gives that label the same colour and dash.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from hw5core.activations import ACTIVATIONS
from hw5core.config import CLASSES
from hw5core.progress import Progress

MAX_POINTS = 500
"""Points per series on a live chart: more cost time and show nothing, since each keeps its bin's range as a band."""

UNIFORM_GUESS_LOSS = math.log(CLASSES)
"""The cross-entropy of giving each digit the same probability: ln 10 = 2.303."""

_HEIGHT = 320
_ROWS = alt.NamedData("rows")  # shared by all layers, so that a chart has one source of data
_GREY = "#888888"


def training_loss_table(runs: Sequence[Progress]) -> pd.DataFrame:
    """Columns activation, batch, loss, lowest, highest: the mean and the range of the losses in each bin of batches.
    The bins depend on the run's length alone, so they stay where they are while losses arrive."""
    return pd.concat([_row_of_nothing("batch", "loss", "lowest", "highest"), *map(_binned_losses, runs)])


def epoch_table(runs: Sequence[Progress]) -> pd.DataFrame:
    """Columns activation, epoch, validation_loss, test_accuracy: one row per finished epoch of each run."""
    return pd.concat([_row_of_nothing("epoch", "validation_loss", "test_accuracy"), *map(_epochs, runs)])


@lru_cache
def training_loss_chart(labels: tuple[str, ...], total_steps: int) -> dict[str, Any]:
    """Training loss by batch: the mean of each bin as a line, its range as a band."""
    base = alt.Chart(_ROWS).encode(
        x=alt.X("batch:Q", title="batch (steps of SGD)", scale=alt.Scale(domain=[0, total_steps], nice=False)),
        color=_colour(labels),
    )
    band = base.mark_area(opacity=0.2).encode(
        y=alt.Y("lowest:Q", title="training loss (nats)"), y2="highest:Q", color=_colour(labels)
    )
    line = base.mark_line().encode(
        y="loss:Q", strokeDash=_dash(labels), tooltip=_tooltip("batch", "loss", "lowest", "highest")
    )
    return _specification(band, line, _reference(UNIFORM_GUESS_LOSS, "ln 10 = 2.303: a uniform guess"))


@lru_cache
def validation_loss_chart(labels: tuple[str, ...], epochs: int) -> dict[str, Any]:
    """Validation loss after each epoch."""
    lines = _by_epoch(labels, epochs, "validation_loss", "validation loss (nats)")
    return _specification(lines, _reference(UNIFORM_GUESS_LOSS, "ln 10 = 2.303: a uniform guess"))


@lru_cache
def test_accuracy_chart(labels: tuple[str, ...], epochs: int, commonest_share: float | None) -> dict[str, Any]:
    """Test accuracy after each epoch and, once the test images are known, the share of the commonest class (percent):
    what always naming it would reach."""
    lines = _by_epoch(labels, epochs, "test_accuracy", "test accuracy (%)", alt.Scale(domain=[0, 100]))
    if commonest_share is None:
        return _specification(lines)
    text = f"{commonest_share:.1f} %: always naming the commonest class"
    return _specification(lines, _reference(commonest_share, text))


def _row_of_nothing(*columns: str) -> pd.DataFrame:
    """The first row of every table: no values, so it draws nothing, but the reference lines need a row to stand on."""
    return pd.DataFrame({"activation": "", **dict.fromkeys(columns, math.nan)}, index=[0])


def _epochs(progress: Progress) -> pd.DataFrame:
    epochs = progress.epochs
    return pd.DataFrame(
        {
            "activation": progress.run.config.label,
            "epoch": [float(result.epoch) for result in epochs],
            "validation_loss": [result.validation_loss for result in epochs],
            "test_accuracy": [result.test_accuracy for result in epochs],
        }
    )


def _binned_losses(progress: Progress) -> pd.DataFrame:
    # A slice is a copy: the followed run's own array grows in another thread.
    losses = np.array(progress.losses[:])
    width = -(-progress.run.config.total_steps // MAX_POINTS)
    firsts = np.arange(0, len(losses), width)
    counts = np.diff(firsts, append=len(losses))
    return pd.DataFrame(
        {
            "activation": progress.run.config.label,
            "batch": firsts + (counts - 1) / 2,
            "loss": np.add.reduceat(losses, firsts) / counts,
            "lowest": np.minimum.reduceat(losses, firsts),
            "highest": np.maximum.reduceat(losses, firsts),
        }
    )


def _by_epoch(
    labels: tuple[str, ...], epochs: int, column: str, title: str, scale: alt.Scale | None = None
) -> alt.Chart:
    x_scale = alt.Scale(domain=[0, max(1, epochs - 1)], nice=False)
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(epochs, 10))
    return (
        alt.Chart(_ROWS)
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="epoch (from 0)", scale=x_scale, axis=axis),
            y=alt.Y(f"{column}:Q", title=title, scale=scale or alt.Undefined),
            color=_colour(labels),
            strokeDash=_dash(labels),
            tooltip=_tooltip("epoch", column),
        )
    )


def _reference(value: float, text: str) -> alt.LayerChart:
    """A dashed line across the chart that says what it stands for.

    Its one row is counted out of the chart's own data: a second data source would keep Streamlit from swapping the data
    of a live chart in place.
    """
    at = alt.Chart(_ROWS).transform_aggregate(rows="count()").encode(y=alt.datum(value))
    rule = at.mark_rule(strokeDash=[2, 3], color=_GREY, size=1.5)
    words = at.mark_text(align="right", baseline="bottom", dy=-3, dx=-4, color=_GREY, fontSize=12)
    return rule + words.encode(x=alt.value("width"), text=alt.value(text))


def _colour(labels: tuple[str, ...]) -> alt.Color:
    shown = [spec for spec in ACTIVATIONS.values() if spec.label in labels]
    scale = alt.Scale(domain=[spec.label for spec in shown], range=[spec.colour for spec in shown])
    return alt.Color("activation:N", scale=scale, title=None, legend=_legend())


def _dash(labels: tuple[str, ...]) -> alt.StrokeDash:
    shown = [spec for spec in ACTIVATIONS.values() if spec.label in labels]
    scale = alt.Scale(domain=[spec.label for spec in shown], range=[list(spec.dash) for spec in shown])
    return alt.StrokeDash("activation:N", scale=scale, title=None, legend=_legend())


def _legend() -> alt.Legend:
    """A stroke wide enough to show its dash, and as strong as the line itself where a pale band shares the legend."""
    return alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1, symbolSize=600, symbolStrokeWidth=3)


def _tooltip(*columns: str) -> list[alt.Tooltip]:
    exact = [alt.Tooltip(f"{column}:Q", title=column.replace("_", " ")) for column in columns]
    return [alt.Tooltip("activation:N"), *exact]


def _specification(*layers: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    chart = alt.layer(*layers).properties(height=_HEIGHT)
    specification: dict[str, Any] = chart.to_dict()
    # Streamlit sends the table beside the specification, and draws nothing if that names a source of its own.
    del specification["data"]
    return specification
