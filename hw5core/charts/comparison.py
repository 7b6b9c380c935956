"""The comparison of any runs: their series and their results after each epoch, for the charts over epochs."""

from collections.abc import Sequence

import pandas as pd

from hw5core.charts.parts import empty_row
from hw5core.charts.series import Series
from hw5core.data.datasets import DATASETS
from hw5core.runs.summary import Summary, unique_labels

_DASHES = ((1, 0), (6, 4), (2, 3), (10, 3, 2, 3), (12, 5), (8, 3, 2, 3, 2, 3), (5, 5))
"""The dashes of the first run, of the second, and so on. The first line is solid."""


def comparison_series(summaries: Sequence[Summary]) -> tuple[Series, ...]:
    """Return a series per run, each in the colour of its activation. The first seven runs have different dashes."""
    labels = unique_labels(summaries)
    series = []
    for number, one in enumerate(summaries):
        dash = _DASHES[number % len(_DASHES)]
        label, spec = labels[one.run.run_id], one.config.spec
        series.append(Series(label, label, spec.colour, dash, DATASETS[one.config.dataset].classes))
    return tuple(series)


def comparison_table(summaries: Sequence[Summary]) -> pd.DataFrame:
    """Return a row per run and finished epoch, with the columns series, epoch, validation_loss and test_accuracy."""
    labels = unique_labels(summaries)
    rows = [
        {
            "series": labels[one.run.run_id],
            "epoch": float(result.epoch),
            "validation_loss": result.validation_loss,
            "test_accuracy": result.test_accuracy,
        }
        for one in summaries
        for result in one.epochs
    ]
    return pd.concat([empty_row("epoch", "validation_loss", "test_accuracy"), pd.DataFrame(rows)])
