"""What a race says in words, on races whose answer is known because they were made so."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hw5core.homework.findings import (
    PLATEAU_WINDOW,
    Verdict,
    batches_on_plateau,
    claims,
    gradient_caption,
    plateau_caption,
)
from hw5core.homework.sheet import CLAIMS, SHEET_ACCURACY
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult, LayerStatistics, MeasuredLayer, MeasuredStep
from hw5core.runs.run import Run, Status

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig(dataset="mnist"))


def _run(
    config: RunConfig, losses: list[float], accuracies: list[float], seconds: list[float], saturated: float = 0.2
) -> RunHistory:
    epochs = [
        EpochResult(epoch, 8400 * epoch + 8399, 0.5, accuracy, accuracy, spent, 1.0)
        for epoch, (accuracy, spent) in enumerate(zip(accuracies, seconds, strict=True))
    ]
    run = Run(config.run_id, config, Status.FINISHED, "", 1, created=0.0, changed=0.0, server="")
    statistics = [LayerStatistics(0, {}, {}, {"Sigmoid-2": saturated})]
    return RunHistory(run, losses=np.array(losses), epochs=epochs, statistics=statistics)


@pytest.fixture
def homework() -> tuple[RunHistory, RunHistory]:
    """A race that went as the sheet says, sigmoid three times as slow."""
    relu = _run(RELU, [GUESS] * 100 + [0.3] * 900, list(SHEET_ACCURACY["relu"]), [20.0, 20.1, 19.9, 20.0, 20.0])
    sigmoid = _run(SIGMOID, [GUESS] * 800 + [1.0] * 200, list(SHEET_ACCURACY["sigmoid"]), [60.0, 60.1, 60, 59.9, 60])
    return relu, sigmoid


def test_a_race_as_on_the_sheet_bears_out_all_its_claims(homework: tuple[RunHistory, RunHistory]) -> None:
    found = claims(*homework)
    assert [finding.claim for finding in found] == list(CLAIMS)
    assert [finding.verdict for finding in found] == [Verdict.HOLDS] * 4
    # 98.807 - 86.314 points, computed from the sheet's own row.
    assert "12.49 points above" in found[0].reason
    assert "+200 %" in found[2].reason


def test_the_opposite_race_bears_out_none_of_the_first_three(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    turned = claims(
        _run(RELU, list(sigmoid.losses), list(SHEET_ACCURACY["sigmoid"]), [60.0, 60.1, 60, 59.9, 60]),
        _run(SIGMOID, list(relu.losses), list(SHEET_ACCURACY["relu"]), [20.0, 20.1, 19.9, 20.0, 20.0]),
    )
    assert [finding.verdict for finding in turned[:3]] == [Verdict.FAILS] * 3


def test_what_lies_within_chance_is_undecided() -> None:
    losses = [0.3] * 1000
    relu = _run(RELU, losses, [98.0, 98.5], [20.0, 21.0])
    sigmoid = _run(SIGMOID, losses, [98.0, 98.4], [20.2, 21.3], saturated=0.0)
    assert [finding.verdict for finding in claims(relu, sigmoid)] == [Verdict.UNDECIDED] * 4


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    relu, sigmoid = (
        _run(one, [0.3] * 9, [98.0, 98.5], times) for one, times in ((RELU, [20, 21]), (SIGMOID, [20, 20.9]))
    )
    assert "(+0 %)" in claims(relu, sigmoid)[2].reason


def test_one_epoch_has_no_spread() -> None:
    relu, sigmoid = (_run(config, [GUESS] * 200, [10.0], [20.0]) for config in (RELU, SIGMOID))
    assert claims(relu, sigmoid)[2].verdict is Verdict.UNDECIDED


def test_a_race_under_way_decides_nothing(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    running = replace(sigmoid, run=replace(sigmoid.run, status=Status.RUNNING))
    assert {finding.verdict for finding in claims(relu, running)} == {Verdict.UNDECIDED}


@pytest.mark.parametrize("stayed", [0, 300, 1000])
def test_the_plateau_ends_where_the_loss_falls(stayed: int) -> None:
    losses = [GUESS + 0.05 * (-1) ** step for step in range(stayed)] + [1.5] * (1000 - stayed)
    assert batches_on_plateau(np.array(losses)) == stayed


def test_captions_follow_the_run() -> None:
    assert plateau_caption(_run(SIGMOID, [GUESS] * (PLATEAU_WINDOW - 1), [], [])) == ""
    assert plateau_caption(_run(SIGMOID, [GUESS] * 8123, [], [])) == (
        "sigmoid has sat on ln 10 for 8,100 batches: it still guesses."
    )
    assert plateau_caption(_run(RELU, [GUESS] * 200 + [1.0] * 200, [], [])) == "ReLU left ln 10 after 200 batches."
    assert "within its first" in plateau_caption(_run(RELU, [1.0] * 400, [], []))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (0.002, 1.6, "ReLU: the first layer's gradient is 800 times smaller than the last one's."),
        (0.3, 0.2, "ReLU: the first layer's gradient is 1.5 times larger than the last one's."),
        (0.0, 0.2, ""),
        (math.nan, 0.2, ""),
    ],
)
def test_how_far_the_gradient_vanishes_is_said_in_numbers(first: float, last: float, said: str) -> None:
    layers = [MeasuredLayer(name, (1,), 0, 0, None, 1.0, norm, 1.0) for name, norm in (("a", first), ("b", last))]
    measured = MeasuredStep(0, (layers[0], MeasuredLayer("ReLU-2", (1,), 0, 0, 0.5), layers[1]), ())
    assert gradient_caption("ReLU", measured) == said
