"""Runs in a table: the settings that differ, labels that differ, and the table as CSV."""

import csv
import io
from dataclasses import replace

from hw5core.charts.comparison import comparison_series, comparison_table
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.history import history_of
from hw5core.runs.records import BatchLosses, EpochResult, RunFinished, RunStarted
from hw5core.runs.run import Run, Status
from hw5core.runs.summary import Summary, csv_text, differing_settings, summary_of, unique_labels

BASE = RunConfig(epochs=2)


def _summary(config: RunConfig, *accuracies: float, name: str = "", run_id: str = "") -> Summary:
    run = Run(run_id or config.run_id, config, Status.FINISHED, "", 1, created=0.0, name=name)
    epochs = [EpochResult(epoch, 215, 0.5, 80.0, accuracy, 1.0, 0.1) for epoch, accuracy in enumerate(accuracies)]
    return Summary(run, tuple(epochs), plateau=300, seconds=4.5, commonest_share=11.0)


def test_a_summary_holds_the_results_of_a_run() -> None:
    run = Run(BASE.run_id, BASE, Status.FINISHED, "", 1)
    epoch = EpochResult(0, 431, 0.5, 80.0, 81.0, 1.0, 0.1)
    started = RunStarted(0, 11.0, "weights", "split", "order", {})
    summary = summary_of(
        history_of(run, [started, BatchLosses(0, (2.3,) * 300 + (0.1,) * 132), epoch, RunFinished(432, 3)])
    )
    assert summary == Summary(run, (epoch,), 300, None, 3, 11.0)
    nan = summary_of(history_of(run, [started, BatchLosses(0, (2.3, float("nan")))]))
    assert nan.status == "finished, diverged at batch 1"


def test_only_settings_that_differ_are_named() -> None:
    sigmoid = replace(BASE, activation="sigmoid")
    assert differing_settings([BASE, sigmoid]) == []
    faster = replace(BASE, learning_rate=0.05, seed=3)
    assert differing_settings([BASE, sigmoid, faster]) == ["learning_rate", "seed"]
    labels = unique_labels([_summary(BASE, name="mine"), _summary(sigmoid), _summary(faster)])
    assert list(labels.values()) == [
        "mine, ReLU, learning rate 0.005, seed 0",
        "sigmoid, learning rate 0.005, seed 0",
        "ReLU, learning rate 0.05, seed 3",
    ]
    rescue = unique_labels([_summary(sigmoid), _summary(replace(sigmoid, relu_layer=1))])
    assert list(rescue.values()) == ["sigmoid, ReLU in one layer none", "sigmoid, ReLU in one layer 1"]


def test_a_label_names_the_network_only_if_another_run_would_have_the_same_label() -> None:
    small = replace(BASE, network="1x28x28 flatten linear20 relu linear10")
    different = unique_labels([_summary(BASE), _summary(replace(small, activation="tanh"))])
    assert list(different.values()) == ["ReLU", "tanh"]
    first, second = unique_labels([_summary(BASE), _summary(small)]).values()
    assert first.startswith("ReLU, network ")
    assert second == "ReLU, network 1x28x28 flatten linear20 relu linear10"


def test_every_run_has_its_own_line_also_with_equal_labels() -> None:
    fork_of_one, fork_of_other = (
        fork(replace(BASE, activation="sigmoid", seed=seed), 0, "relu", 0.005) for seed in (0, 1)
    )
    runs = [
        _summary(BASE, 90.0, 91.0),
        _summary(BASE, 70.0, run_id="0" * 16),
        _summary(fork_of_one),
        _summary(fork_of_other),
    ]
    series = comparison_series(runs)
    assert len({one.label for one in series}) == 4
    assert {one.colour for one in series} == {BASE.spec.colour}
    assert len({one.dash for one in series}) == 4
    table = comparison_table(runs).dropna()
    assert table.groupby("series", sort=False).test_accuracy.apply(list).to_dict() == {
        series[0].label: [90.0, 91.0],
        series[1].label: [70.0],
    }


def test_lines_of_different_activations_differ_without_colour_too() -> None:
    series = comparison_series(
        [_summary(replace(BASE, activation=name, seed=seed)) for seed in (0, 1) for name in ("relu", "sigmoid")]
    )
    assert [one.label for one in series] == ["ReLU, seed 0", "sigmoid, seed 0", "ReLU, seed 1", "sigmoid, seed 1"]
    assert len({one.dash for one in series}) == 4


def test_the_csv_has_every_setting_and_every_epoch_and_no_formula() -> None:
    names = ["=1+1", "＝1+1", "mine;=1+1", "\tmine"]
    runs = [_summary(BASE, 90.0, 91.5, name=names[0]), _summary(replace(BASE, seed=1), 80.0)]
    text = csv_text([*runs, *(_summary(BASE, name=name) for name in names[1:])])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["test accuracy of epoch 1 (%)"] for row in rows[:2]] == ["91.5", ""]
    assert [row["seed"] for row in rows[:2]] == ["0", "1"]
    assert [row["name"] for row in rows] == ["'=1+1", "", "'＝1+1", "mine;'=1+1", " mine"]
    assert {"network", "learning_rate", "plateau (batches)", "seconds"} <= rows[0].keys()
