"""The charts of a sweep: a band and a mean for each network, shared axes, one data source."""

import json
import math

import pandas as pd
import pytest

from hw5core.charts.series import series_of
from hw5core.charts.sweeps import (
    loss_end,
    rates_chart,
    rows_of_rate,
    sweep_accuracy_chart,
    sweep_loss_chart,
    sweep_validation_chart,
)
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig, race

SERIES = series_of(race(RunConfig(), ACTIVATIONS))


@pytest.mark.parametrize(
    "specification",
    [
        sweep_accuracy_chart(SERIES, 5, 11.1),
        sweep_accuracy_chart(SERIES, 5, None),
        sweep_validation_chart(SERIES, 5, 3.0),
        sweep_loss_chart(SERIES, 1000, 3.0),
        rates_chart(SERIES),
    ],
)
def test_networks_differ_by_colour_and_dash_and_there_is_one_data_source(specification: dict[str, object]) -> None:
    text = json.dumps(specification)
    assert json.dumps([spec.colour for spec in ACTIVATIONS.values()]) in text
    assert json.dumps([list(spec.dash) for spec in ACTIVATIONS.values()]) in text
    assert '"data"' not in text
    assert "_lowest" in text
    assert "_highest" in text
    assert '"seeds"' in text


def test_a_chart_has_the_rows_of_its_learning_rate_and_their_number_of_seeds() -> None:
    bands = pd.DataFrame({"series": "ReLU", "rate": [0.1, 0.2], "n": [2, 3], "of": 3, "loss": [1.0, 2.0]})
    rows = rows_of_rate(bands, 0.2)
    assert rows.loss.dropna().tolist() == [2.0]
    assert rows.seeds.dropna().tolist() == ["3 of 3"]
    # Reference lines need a row before the first result.
    assert len(rows_of_rate(bands[:0], 0.2)) == 1


@pytest.mark.parametrize(
    ("losses", "end"), [([], 3.0), ([2.4, math.nan], 3.0), ([3.1], 5.0), ([70.0], 100.0), ([1e9], 100.0)]
)
def test_the_axis_of_a_loss_has_one_of_a_few_ends(losses: list[float], end: float) -> None:
    assert loss_end(pd.Series(losses, dtype=float)) == end
