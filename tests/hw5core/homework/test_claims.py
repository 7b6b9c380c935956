"""The verdicts on the sheet's claims, for races whose results are made to give a known verdict."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hw5core.homework.claims import check_claims
from hw5core.homework.evidence import Verdict
from hw5core.homework.sheet import CLAIMS, SHEET_ACCURACY
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.records import EpochResult, LayerStatistics
from hw5core.runs.run import Run, Status

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig(dataset="mnist"))


def _history(
    config: RunConfig, losses: list[float], accuracies: list[float], seconds: list[float], saturated: float = 0.8
) -> RunHistory:
    epochs = [
        EpochResult(epoch, 8400 * epoch + 8399, 0.5, accuracy, accuracy, spent, 1.0)
        for epoch, (accuracy, spent) in enumerate(zip(accuracies, seconds, strict=True))
    ]
    run = Run(config.run_id, config, Status.FINISHED, "", 1)
    statistics = [LayerStatistics(0, {}, {}, {"Sigmoid-2": saturated})]
    return RunHistory(run, losses=np.array(losses), epochs=epochs, statistics=statistics)


@pytest.fixture
def homework() -> tuple[RunHistory, RunHistory]:
    """A race with the results of the sheet. Sigmoid takes three times as long."""
    relu = _history(RELU, [GUESS] * 100 + [0.3] * 900, list(SHEET_ACCURACY["relu"]), [20.0, 20.1, 19.9, 20.0, 20.0])
    sigmoid = _history(
        SIGMOID, [GUESS] * 800 + [1.0] * 200, list(SHEET_ACCURACY["sigmoid"]), [60.0, 60.1, 60, 59.9, 60]
    )
    return relu, sigmoid


def test_a_race_like_the_sheets_confirms_all_claims(homework: tuple[RunHistory, RunHistory]) -> None:
    findings = check_claims(*homework)
    assert [finding.claim for finding in findings] == list(CLAIMS)
    assert [finding.verdict for finding in findings] == [Verdict.SUPPORTED] * 4
    # 98.807 - 86.314 points, from the sheet's last accuracies.
    assert "12.49 points above" in findings[0].reason
    assert "(two standard errors over the 14,000 test images)" in findings[0].reason
    assert "± is the standard deviation over the epochs" in findings[2].reason
    assert "for 100 batches and sigmoid for 800 of 1,000" in findings[1].reason
    assert "until the mean loss of 100 batches is below ln 10 − 0.1" in findings[1].reason
    assert "+200 %" in findings[2].reason


def test_the_opposite_race_refutes_the_first_three_claims(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    findings = check_claims(
        _history(RELU, sigmoid.losses.tolist(), list(SHEET_ACCURACY["sigmoid"]), [60.0, 60.1, 60, 59.9, 60]),
        _history(SIGMOID, relu.losses.tolist(), list(SHEET_ACCURACY["relu"]), [20.0, 20.1, 19.9, 20.0, 20.0]),
    )
    assert [finding.verdict for finding in findings[:3]] == [Verdict.CONTRADICTED] * 3


def test_differences_within_chance_are_undecided() -> None:
    losses = [0.3] * 1000
    relu = _history(RELU, losses, [98.0, 98.5], [20.0, 21.0])
    sigmoid = _history(SIGMOID, losses, [98.0, 98.4], [20.2, 21.3], saturated=0.0)
    assert [finding.verdict for finding in check_claims(relu, sigmoid)] == [Verdict.UNDECIDED] * 4


def test_a_difference_that_rounds_to_zero_has_no_minus() -> None:
    relu, sigmoid = (
        _history(one, [0.3] * 9, [98.0, 98.5], times) for one, times in ((RELU, [20, 21]), (SIGMOID, [20, 20.9]))
    )
    assert "(+0 %)" in check_claims(relu, sigmoid)[2].reason


def test_the_running_time_of_a_single_epoch_is_undecided() -> None:
    relu, sigmoid = (_history(config, [GUESS] * 200, [10.0], [20.0]) for config in (RELU, SIGMOID))
    assert check_claims(relu, sigmoid)[2].verdict is Verdict.UNDECIDED


def test_a_race_in_which_a_network_diverged_decides_nothing(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    diverged = replace(relu, losses=np.array([GUESS] * 7 + [math.nan] * 993))
    for finding in check_claims(diverged, sigmoid):
        assert finding.verdict is Verdict.UNDECIDED
        assert finding.reason == "ReLU diverged at batch 7, so this race decides nothing"


def test_saturation_that_follows_learning_is_not_the_cause(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    later = [LayerStatistics(0, {}, {}, {"Sigmoid-2": 0.027}), LayerStatistics(900, {}, {}, {"Sigmoid-2": 0.9})]
    claim = check_claims(relu, replace(sigmoid, statistics=later))[3]
    assert claim.verdict is Verdict.CONTRADICTED
    assert "sigmoid(7) and sigmoid(12) differ by 0.0009" in claim.reason
    assert "2.7 % in Sigmoid-2; from then on up to 90.0 % (Sigmoid-2, batch 900)" in claim.reason


def test_the_recorded_race_contradicts_saturation_and_shows_the_gradients() -> None:
    runs = recorded_race(RACE)
    claim = check_claims(*runs)[3]
    assert claim.verdict is Verdict.CONTRADICTED
    before = sum(one.step < 17_900 for one in runs[1].statistics)
    assert f"left ln 10 at batch 17,900; in the {before} batches measured before" in claim.reason
    # From the receipts: gradient norms 0.22944843769 and 0.00633033365.
    assert "in batch 0, ReLU's gradient norm in Conv2d-1 is 0.23 and sigmoid's 0.0063: 36.2 times" in claim.reason


def test_an_unfinished_race_decides_nothing(homework: tuple[RunHistory, RunHistory]) -> None:
    relu, sigmoid = homework
    running = replace(sigmoid, run=replace(sigmoid.run, status=Status.RUNNING))
    assert {finding.verdict for finding in check_claims(relu, running)} == {Verdict.UNDECIDED}
