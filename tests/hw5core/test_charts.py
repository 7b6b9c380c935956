"""The charts' tables and specifications: nothing hidden, colours fixed, one data source."""

import json
import math
from array import array

import numpy as np
import pytest

from hw5core import charts
from hw5core.config import RunConfig, race
from hw5core.progress import Progress
from hw5core.records import EpochResult
from hw5core.runs import Run, Status

LABELS = ("ReLU", "sigmoid")


def _progress(config: RunConfig, losses: list[float]) -> Progress:
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    return Progress(run, losses=array("d", losses), epochs=[EpochResult(0, 215, 0.5, 80.0, 81.0, 1.0, 0.1)])


def test_no_loss_is_hidden_by_the_bins() -> None:
    config = RunConfig(epochs=20)
    losses = np.random.default_rng(0).exponential(size=config.total_steps).tolist()
    table = charts.training_loss_table([_progress(config, losses)]).dropna()
    assert len(table) <= charts.MAX_POINTS
    assert table.lowest.min() == min(losses)
    assert table.highest.max() == max(losses)
    width = -(-config.total_steps // charts.MAX_POINTS)
    assert table.loss.iloc[0] == pytest.approx(np.mean(losses[:width]))
    assert table.batch.iloc[0] == (width - 1) / 2
    assert table.batch.is_monotonic_increasing


def test_bins_stay_where_they_are_while_losses_arrive() -> None:
    config = RunConfig(epochs=20)
    losses = [float(step) for step in range(4320)]
    some, more = (charts.training_loss_table([_progress(config, losses[:count])]).dropna() for count in (1000, 2000))
    # All bins but the last, which may still be filling.
    assert some.batch.tolist()[:-1] == more.batch.tolist()[: len(some) - 1]


def test_a_race_that_has_not_begun_shows_no_values() -> None:
    assert charts.training_loss_table([]).dropna().empty
    assert charts.epoch_table([]).dropna().empty


def test_the_epoch_table_names_each_network() -> None:
    table = charts.epoch_table([_progress(config, []) for config in race(RunConfig())]).dropna()
    assert table.activation.tolist() == list(LABELS)
    assert table.test_accuracy.tolist() == [81.0, 81.0]


@pytest.mark.parametrize(
    "specification",
    [
        charts.training_loss_chart(LABELS, 1000),
        charts.validation_loss_chart(LABELS, 5),
        charts.test_accuracy_chart(LABELS, 5, 11.1),
    ],
)
def test_a_chart_has_fixed_colours_its_reference_and_no_data_of_its_own(specification: dict[str, object]) -> None:
    text = json.dumps(specification)
    assert '"domain": ["ReLU", "sigmoid"], "range": ["#0072B2", "#D55E00"]' in text
    assert "strokeDash" in text
    # A second data source would keep Streamlit from swapping a live chart's data in place.
    assert "datasets" not in specification
    assert '"data"' not in text
    assert "uniform guess" in text or "commonest class" in text


def test_the_uniform_guess_is_ln_10() -> None:
    assert pytest.approx(math.log(10)) == charts.UNIFORM_GUESS_LOSS
    assert f"{charts.UNIFORM_GUESS_LOSS:.3f}" == "2.303"
