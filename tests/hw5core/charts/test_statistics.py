"""The figures of a part of a network through training, and what old runs show."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hw5core.charts.statistics import (
    NetworkPart,
    Quantity,
    figures_in_words,
    figures_through_training,
    recorded_parts,
)
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import LayerStatistics, Outputs
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


def _values(quantity: Quantity, part: NetworkPart, runs: Sequence[RunHistory] = ()) -> dict[str, list[float | None]]:
    found = figures_through_training(runs or _runs(), part)
    return {one.label: list(one.values) for one in found if one.quantity is quantity}


CONV = NetworkPart(1, 2, "Conv2d-1, activation-2")


def test_a_layer_and_the_activation_after_it_are_one_part_of_all_networks() -> None:
    assert recorded_parts(_runs()) == (CONV,)
    weights = {"Linear-4": 1.0, "Conv2d-2": 1.0, "BatchNorm2d-3": 1.0}
    run = _history(CONFIGS[0], [LayerStatistics(0, weights, weights, {"ReLU-1": 0.5, "ReLU-5": 0.5})])
    assert [one.title for one in recorded_parts([run])] == [
        "activation-1",
        "Conv2d-2",
        "BatchNorm2d-3",
        "Linear-4, activation-5",
    ]


def test_old_runs_show_what_they_have() -> None:
    assert _values(Quantity.SATURATED, CONV) == {"ReLU": [0.5, 0.5], "sigmoid": [0.0, 0.1, 0.2]}
    assert _values(Quantity.GRADIENT, CONV) == {"ReLU": [0.2, 0.2], "sigmoid": [0.0, None, 0.02]}
    # 0.1 · 0.2 / 2 and 0.1 · 0.02 / 2
    assert _values(Quantity.UPDATE, CONV) == {
        "ReLU": [pytest.approx(-2), pytest.approx(-2)],
        "sigmoid": [None, None, pytest.approx(-3)],
    }
    assert not _values(Quantity.MEAN, CONV)


def test_new_runs_show_every_figure() -> None:
    one = LayerStatistics(
        7,
        {"Conv2d-1": 2.0},
        {"Conv2d-1": 0.2},
        {"ReLU-2": 0.4},
        {"ReLU-2": Outputs(0.1, 0.2, 0.3, 0.5)},
        {"Conv2d-1": -2.5},
    )
    figures = figures_through_training([_history(CONFIGS[0], [one])], CONV)
    assert {figure.quantity: figure.values[0] for figure in figures} == {
        Quantity.MEAN_LOSS: pytest.approx(math.log(10)),
        Quantity.LOSS: pytest.approx(math.log(10)),
        Quantity.GRADIENT: 0.2,
        Quantity.UPDATE: -2.5,
        Quantity.MEAN: 0.1,
        Quantity.DEVIATION: 0.2,
        Quantity.SATURATED: 0.4,
        Quantity.ZEROS: 0.3,
        Quantity.SLOPE: 0.5,
    }


def test_the_loss_is_that_of_the_batch_and_the_mean_of_the_last_hundred() -> None:
    statistics = [LayerStatistics(step, {}, {}, {"ReLU-2": 0.5}) for step in (0, 99, 149, 399)]
    run = _history(CONFIGS[0], statistics)
    assert _values(Quantity.LOSS, CONV, [run])["ReLU"] == pytest.approx([math.log(10), math.log(10), 0.4, 0.4])
    half = (math.log(10) + 0.4) / 2
    assert _values(Quantity.MEAN_LOSS, CONV, [run])["ReLU"] == pytest.approx([math.log(10), math.log(10), half, 0.4])


@pytest.mark.parametrize("jump", [1e30, math.inf, math.nan])
def test_a_jump_of_the_loss_is_in_the_mean_of_a_hundred_batches_only(jump: float) -> None:
    statistics = [LayerStatistics(step, {}, {}, {"ReLU-2": 0.5}) for step in (49, 50, 149, 150, 300)]
    losses = np.array([2.3] * 50 + [jump] + [2.3] * 400)
    run = replace(_history(CONFIGS[0], statistics), losses=losses)
    before, *with_it, after, later = _values(Quantity.MEAN_LOSS, CONV, [run])["ReLU"]
    assert [before, after, later] == pytest.approx([2.3] * 3)
    assert with_it == ([pytest.approx(1e30 / 51), pytest.approx(1e28)] if math.isfinite(jump) else [None, None])


def test_the_first_batches_alone_and_a_long_run_with_few_points() -> None:
    statistics = [LayerStatistics(step, {}, {}, {"ReLU-2": 0.5}) for step in range(5_000)]
    run = _history(CONFIGS[0], statistics)
    assert len(figures_through_training([run], CONV)[0].steps) <= 1_000
    assert figures_through_training([run], CONV, before=100)[0].steps == tuple(range(101))


def test_a_run_without_records_has_no_parts() -> None:
    assert recorded_parts([_history(config, ()) for config in CONFIGS]) == ()
    assert figures_in_words(figures_through_training([_history(CONFIGS[0], ())], CONV)) == ""


def test_the_words_name_the_first_and_the_last_value() -> None:
    words = figures_in_words(figures_through_training(_runs(), CONV))
    assert "ReLU, saturated units: 0.5 in batch 0, 0.5 in batch 100" in words
    assert "sigmoid, saturated units: 0 in batch 0, 0.2 in batch 200" in words
