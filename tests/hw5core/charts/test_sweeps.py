"""The charts of a sweep: a band and a mean for each network, shared axes, one source of data."""

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
def test_networks_differ_by_colour_and_dash_and_there_is_one_source_of_data(specification: dict[str, object]) -> None:
    text = json.dumps(specification)
    assert json.dumps([spec.colour for spec in ACTIVATIONS.values()]) in text
    assert json.dumps([list(spec.dash) for spec in ACTIVATIONS.values()]) in text
    assert '"data"' not in text
    assert "_lowest" in text
    assert "_highest" in text
    assert '"seeds"' in text


def test_a_charts_rows_are_those_of_its_rate_with_their_seeds_in_words() -> None:
    bands = pd.DataFrame({"activation": "ReLU", "rate": [0.1, 0.2], "n": [2, 3], "of": 3, "loss": [1.0, 2.0]})
    rows = rows_of_rate(bands, 0.2)
    assert rows.loss.dropna().tolist() == [2.0]
    assert rows.seeds.dropna().tolist() == ["3 of 3"]
    # The reference lines stand before anything has come.
    assert len(rows_of_rate(bands[:0], 0.2)) == 1


@pytest.mark.parametrize(
    ("losses", "end"), [([], 3.0), ([2.4, math.nan], 3.0), ([3.1], 5.0), ([70.0], 100.0), ([1e9], 100.0)]
)
def test_the_axis_of_a_loss_ends_at_one_of_few_places(losses: list[float], end: float) -> None:
    assert loss_end(pd.Series(losses, dtype=float)) == end
