"""The evidence about sigmoid's late start, for runs whose records are made to give a known verdict."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hw5core.homework.evidence import LargestShare, Verdict, first_gradients, saturation_evidence, saturation_of
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import LayerStatistics, RunStarted
from hw5core.runs.run import Run, Status

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig())


def _history(config: RunConfig, losses: list[float], statistics: Sequence[LayerStatistics] = ()) -> RunHistory:
    run = Run(config.run_id, config, Status.FINISHED, "", 1)
    return RunHistory(run, losses=np.array(losses), statistics=statistics)


def _measured(step: int, gradients: dict[str, float] | None = None, **saturated: float) -> LayerStatistics:
    shares = {name.replace("_", "-"): share for name, share in saturated.items()}
    return LayerStatistics(step, {}, gradients or {}, shares)


LEARNS_LATE = [GUESS] * 300 + [0.5] * 250
RELU_RUN = _history(RELU, [GUESS] * 100 + [0.3] * 450)


def test_the_largest_shares_are_those_before_the_network_is_better_than_guessing() -> None:
    statistics = [
        _measured(0, Sigmoid_5=0.0, Sigmoid_2=0.01),
        _measured(200, Sigmoid_5=0.02, Sigmoid_2=0.005),
        _measured(300, Sigmoid_5=0.3, Sigmoid_2=0.4),
        _measured(500, Sigmoid_5=0.6, Sigmoid_2=0.1),
    ]
    found = saturation_of(_history(SIGMOID, LEARNS_LATE, statistics))
    assert found is not None
    assert found.while_guessing == (LargestShare("Sigmoid-2", 0.01, 0), LargestShare("Sigmoid-5", 0.02, 200))
    assert (found.measured, found.left, found.afterwards) == (2, 300, LargestShare("Sigmoid-5", 0.6, 500))


def test_a_network_that_never_learns_has_no_batch_at_which_it_did() -> None:
    statistics = [_measured(0, Sigmoid_2=0.01), _measured(500, Sigmoid_2=0.03)]
    found = saturation_of(_history(SIGMOID, [GUESS] * 550, statistics))
    assert found is not None
    assert (found.measured, found.left, found.afterwards) == (2, None, None)
    verdict, words = saturation_evidence(RELU_RUN, _history(SIGMOID, [GUESS] * 550, statistics))
    assert verdict is Verdict.CONTRADICTED
    assert "never left ln 10" in words


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(0.1, Verdict.CONTRADICTED), (0.3, Verdict.UNDECIDED), (0.5, Verdict.SUPPORTED)],
)
def test_the_verdict_follows_from_the_largest_share(share: float, verdict: Verdict) -> None:
    sigmoid = _history(SIGMOID, LEARNS_LATE, [_measured(0, Sigmoid_2=0.0, Sigmoid_5=share)])
    assert saturation_evidence(RELU_RUN, sigmoid)[0] is verdict


def test_a_sigmoid_that_does_not_stall_decides_nothing() -> None:
    early = _history(SIGMOID, [GUESS] * 100 + [0.4] * 450, [_measured(0, Sigmoid_2=0.0)])
    verdict, words = saturation_evidence(RELU_RUN, early)
    assert verdict is Verdict.UNDECIDED
    assert "did not stall" in words


def test_missing_records_are_named_as_missing() -> None:
    verdict, words = saturation_evidence(RELU_RUN, _history(SIGMOID, LEARNS_LATE))
    assert verdict is Verdict.UNDECIDED
    assert words == "this race recorded no saturated units while sigmoid was no better than guessing"
    assert first_gradients(RELU_RUN, _history(SIGMOID, LEARNS_LATE)) == ()


def test_the_gradients_of_the_first_batch_are_compared_layer_by_layer() -> None:
    relu = replace(RELU_RUN, statistics=[_measured(0, {"Linear-4": 2.0, "Conv2d-1": 0.3}), _measured(100, {})])
    sigmoid = _history(SIGMOID, LEARNS_LATE, [_measured(0, {"Linear-4": 4.0, "Conv2d-1": 0.01})])
    ratios = {one.layer: one.ratio for one in first_gradients(relu, sigmoid)}
    assert list(ratios.items()) == [("Conv2d-1", pytest.approx(30)), ("Linear-4", pytest.approx(0.5))]


def test_a_layer_without_a_finite_gradient_is_left_out() -> None:
    relu = replace(RELU_RUN, statistics=[_measured(0, {"Conv2d-1": 1.0, "Conv2d-4": math.nan, "Linear-8": 1.0})])
    sigmoid = _history(SIGMOID, LEARNS_LATE, [_measured(0, {"Conv2d-1": 0.0, "Conv2d-4": 1.0, "Linear-8": 2.0})])
    assert [one.layer for one in first_gradients(relu, sigmoid)] == ["Linear-8"]


def test_runs_that_start_from_other_weights_are_not_compared() -> None:
    started = RunStarted(0, 10.0, "one", "split", "order", {})
    statistics = [_measured(0, {"Conv2d-1": 1.0})]
    relu = replace(RELU_RUN, started=started, statistics=statistics)
    sigmoid = replace(relu, run=replace(relu.run, config=SIGMOID), started=replace(started, weights_hash="other"))
    assert first_gradients(relu, sigmoid) == ()
