"""The chart of one layer through training: its rows, and what old runs show."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from hw5core.charts.series import series_of
from hw5core.charts.statistics import (
    Quantity,
    recorded_layers,
    statistics_chart,
    statistics_in_words,
    statistics_table,
)
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import LayerStatistics
from hw5core.runs.run import Run, Status

CONFIGS = race(RunConfig(learning_rate=0.1))


def _history(config: RunConfig, statistics: Sequence[LayerStatistics], guesses: int = 100) -> RunHistory:
    losses = np.array([math.log(10)] * guesses + [0.4] * (400 - guesses))
    return RunHistory(Run(config.run_id, config, Status.FINISHED, "", 1), losses=losses, statistics=statistics)


def _runs() -> list[RunHistory]:
    relu = [LayerStatistics(step, {"Conv2d-1": 2.0}, {"Conv2d-1": 0.2}, {"ReLU-2": 0.5}) for step in (0, 100)]
    sigmoid = [
        LayerStatistics(0, {"Conv2d-1": 2.0}, {"Conv2d-1": 0.0}, {"Sigmoid-2": 0.0}),
        LayerStatistics(100, {"Conv2d-1": 2.0}, {"Conv2d-1": math.nan}, {"Sigmoid-2": 0.1}),
        LayerStatistics(200, {"Conv2d-1": 2.0}, {"Conv2d-1": 0.02}, {"Sigmoid-2": 0.2}),
    ]
    return [_history(CONFIGS[0], relu), _history(CONFIGS[1], sigmoid, guesses=200)]


def _points(quantity: Quantity, number: int) -> dict[str, list[tuple[float, float]]]:
    table = statistics_table(_runs(), quantity, number).dropna(subset=["value"])
    return {label: list(zip(rows["batch"], rows["value"], strict=True)) for label, rows in table.groupby("activation")}


def test_activations_have_one_name_for_all_networks() -> None:
    assert recorded_layers(_runs(), Quantity.SATURATED) == {2: "activation-2"}
    assert recorded_layers(_runs(), Quantity.GRADIENT) == {1: "Conv2d-1"}


def test_the_rows_are_what_was_recorded_without_values_that_cannot_be_drawn() -> None:
    assert _points(Quantity.SATURATED, 2) == {
        "ReLU": [(0, 0.5), (100, 0.5)],
        "sigmoid": [(0, 0.0), (100, 0.1), (200, 0.2)],
    }
    assert _points(Quantity.GRADIENT, 1) == {"ReLU": [(0, 0.2), (100, 0.2)], "sigmoid": [(200, 0.02)]}
    # 0.1 · 0.2 / 2 and 0.1 · 0.02 / 2
    assert _points(Quantity.UPDATE, 1) == {
        "ReLU": [(0, pytest.approx(-2)), (100, pytest.approx(-2))],
        "sigmoid": [(200, pytest.approx(-3))],
    }


def test_a_row_marks_where_each_network_became_better_than_guessing() -> None:
    left = statistics_table(_runs(), Quantity.SATURATED, 2).dropna(subset=["left"])
    assert dict(zip(left["activation"], left["left"], strict=True)) == {"ReLU": 100, "sigmoid": 200}


def test_a_long_run_has_at_most_500_points() -> None:
    statistics = [LayerStatistics(step, {}, {}, {"ReLU-2": 0.5}) for step in range(1_700)]
    assert len(statistics_table([_history(CONFIGS[0], statistics)], Quantity.SATURATED, 2)) <= 501


def test_a_run_without_records_has_no_layers_and_says_so() -> None:
    old = [_history(config, ()) for config in CONFIGS]
    assert recorded_layers(old, Quantity.GRADIENT) == {}
    assert statistics_in_words(statistics_table(old, Quantity.GRADIENT, 1)) == "This race has no such records."


def test_the_words_name_the_first_and_the_last_value() -> None:
    words = statistics_in_words(statistics_table(_runs(), Quantity.SATURATED, 2))
    assert words == "ReLU: 0.5 in batch 0, 0.5 in batch 100; sigmoid: 0 in batch 0, 0.2 in batch 200"


@pytest.mark.parametrize("quantity", Quantity)
def test_the_chart_contains_no_data(quantity: Quantity) -> None:
    chart = statistics_chart(series_of(CONFIGS), quantity)
    assert "data" not in chart
    assert "datasets" not in chart
