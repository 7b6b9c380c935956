"""The comparison of any runs: their series and their results after each epoch, for the charts over epochs."""

from collections.abc import Sequence
from itertools import cycle, islice

import pandas as pd

from hw5core.charts.parts import empty_row
from hw5core.charts.series import Series
from hw5core.data.datasets import DATASETS
from hw5core.runs.summary import Summary, unique_labels

_DASHES = ((), (6, 4), (2, 3), (10, 3, 2, 3), (12, 5), (8, 3, 2, 3, 2, 3), (5, 5))
"""The dashes of the first run with an activation, of the second, and so on."""


def comparison_series(summaries: Sequence[Summary]) -> tuple[Series, ...]:
    """Return a series per run, each in the colour of its activation. Runs of one activation have different dashes."""
    labels = unique_labels(summaries)
    activations = [one.config.activation for one in summaries]
    series = []
    for number, one in enumerate(summaries):
        place = activations[:number].count(one.config.activation)
        dash = next(islice(cycle(_DASHES), place, None))
        label, spec = labels[one.run.run_id], one.config.spec
        series.append(Series(label, label, spec.colour, dash or (1, 0), DATASETS[one.config.dataset].classes))
    return tuple(series)


def comparison_table(summaries: Sequence[Summary]) -> pd.DataFrame:
    """Return a row per run and finished epoch, with the columns activation (the series), epoch, validation_loss and
    test_accuracy."""
    labels = unique_labels(summaries)
    rows = [
        {
            "activation": labels[one.run.run_id],
            "epoch": float(result.epoch),
            "validation_loss": result.validation_loss,
            "test_accuracy": result.test_accuracy,
        }
        for one in summaries
        for result in one.epochs
    ]
    return pd.concat([empty_row("epoch", "validation_loss", "test_accuracy"), pd.DataFrame(rows)])
