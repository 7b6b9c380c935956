"""Two races or runs side by side: only different settings are listed, and the numbers are those of the runs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from hw5core.charts.series import series_of
from hw5core.charts.side_by_side import (
    differences,
    final_numbers,
    pair_accuracy_chart,
    pair_loss_chart,
    pair_table,
)
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

BASE = RunConfig(epochs=2)
FASTER = replace(BASE, learning_rate=0.05, seed=3)


def _run(config: RunConfig, accuracies: list[float]) -> RunHistory:
    epochs = [EpochResult(n, 216 * n + 215, 1.0 / (n + 1), 90.0, one, 1.0, 0.1) for n, one in enumerate(accuracies)]
    run = Run(config.run_id, config, Status.FINISHED, "", 1)
    return RunHistory(run, losses=np.array([2.3] * 300 + [0.1] * 132), epochs=epochs, seconds=2.5)


def test_only_different_settings_are_listed() -> None:
    listed = differences(race(BASE), race(FASTER))
    assert [(one.setting, one.left, one.right) for one in listed] == [
        ("learning rate", "0.008", "0.05"),
        ("seed", "0", "3"),
    ]
    assert differences(race(BASE), race(BASE)) == []


def test_networks_that_differ_only_in_the_activation_count_as_the_same_network() -> None:
    (activation,) = differences([BASE], [replace(BASE, activation="tanh")])
    assert (activation.left, activation.right) == ("ReLU", "tanh")
    (network,) = differences([BASE], [replace(BASE, network="1x28x28 flatten linear16 relu linear10")])
    assert network.setting == "network"


def test_networks_with_the_same_activation_share_a_row() -> None:
    left = [_run(config, [50.0, 80.0]) for config in race(BASE)]
    right = [_run(replace(FASTER, activation=name), [60.0, 95.5]) for name in ("relu", "tanh")]
    table = final_numbers(left, right).set_index(["network", "what"])
    accuracy = table.xs("test accuracy (%)", level="what")
    assert accuracy.loc["ReLU"].tolist() == [80.0, 95.5, 15.5]
    assert accuracy.loc["sigmoid", "A"] == 80.0
    assert math.isnan(accuracy.loc["sigmoid", "B"])
    assert math.isnan(accuracy.loc["tanh", "B - A"])
    assert table.loc[("ReLU", "batches before better than guessing"), "A"] == 300


def test_a_run_that_diverged_is_named_as_such() -> None:
    healthy = _run(BASE, [80.0])
    diverged = replace(_run(FASTER, [10.0]), losses=np.array([2.3] * 7 + [math.nan] * 425))
    table = final_numbers([healthy], [diverged]).set_index("what")
    assert table.loc["diverged at batch", "B"] == 7
    assert math.isnan(float(table.loc["diverged at batch", "A"]))
    assert math.isnan(float(table.loc["batches before better than guessing", "B"]))
    assert "diverged at batch" not in final_numbers([healthy], [healthy]).what.tolist()


def test_two_single_runs_are_compared_even_with_different_activations() -> None:
    table = final_numbers([_run(BASE, [80.0])], [_run(replace(BASE, activation="gelu"), [85.0])])
    assert table.network.unique().tolist() == ["ReLU / GELU"]
    assert table["B - A"].iloc[0] == 5.0


def test_a_side_without_an_epoch_has_no_numbers() -> None:
    table = final_numbers([_run(BASE, [80.0])], [_run(FASTER, [])])
    assert table["B"].isna().all()
    assert table["B - A"].isna().all()


def test_the_table_has_the_side_of_each_point() -> None:
    table = pair_table([_run(BASE, [50.0, 80.0])], [_run(FASTER, [60.0])]).dropna()
    assert table[["side", "test_accuracy"]].to_numpy().tolist() == [["A", 50.0], ["A", 80.0], ["B", 60.0]]


@pytest.mark.parametrize("chart", [pair_accuracy_chart, pair_loss_chart])
def test_sides_differ_by_dash_and_activations_by_shape(chart: object) -> None:
    specification = chart(series_of(race(RunConfig(), ACTIVATIONS)), 5)  # type: ignore[operator]
    text = json.dumps(specification)
    assert '"data"' not in text
    (shapes,) = (layer["encoding"]["shape"]["scale"]["range"] for layer in specification["layer"]
                 if "shape" in layer.get("encoding", {}))  # fmt: skip
    assert len(set(shapes)) == len(ACTIVATIONS)
    assert '"strokeDash": {"field": "side"' in text
