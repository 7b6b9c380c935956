"""The four explanations of why sigmoid learns late, for runs that are made to give a known verdict."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hw5core.homework.evidence import Verdict
from hw5core.homework.explanations import Explanation, experiments, explanations
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.records import LayerStatistics
from hw5core.runs.run import Run, Status

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig())


def _history(config: RunConfig, guesses: int, gradients: dict[str, float] | None = None) -> RunHistory:
    """Return a run of 1,000 batches that guesses in the first ones."""
    losses = np.array([GUESS] * guesses + [0.4] * (1000 - guesses))
    statistics = [LayerStatistics(0, {}, gradients or {}, {"Sigmoid-2": 0.01})]
    return RunHistory(Run(config.run_id, config, Status.FINISHED, "", 1), losses=losses, statistics=statistics)


RELU_RUN = _history(RELU, 100, {"Conv2d-1": 0.4, "Linear-4": 1.0})
SIGMOID_RUN = _history(SIGMOID, 800, {"Conv2d-1": 0.01, "Linear-4": 2.0})


def _judged(*tried: RunHistory, sigmoid: RunHistory = SIGMOID_RUN) -> list[Explanation]:
    return explanations(RELU_RUN, sigmoid, tried)


def test_without_experiments_the_race_judges_the_first_two() -> None:
    judged = _judged()
    assert [one.verdict for one in judged] == [
        Verdict.CONTRADICTED,
        Verdict.SUPPORTED,
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
    ]
    assert [one.since for one in judged] == [0, 0, None, None]
    assert "is 40 in Conv2d-1, 0.5 in Linear-4" in judged[1].reason
    assert "ReLU starts from the same weights and is better than guessing after 100 batches" in judged[2].reason
    assert "no run of sigmoid with another learning rate is far enough" in judged[3].reason


def test_the_slopes_own_prediction_is_named() -> None:
    assert "the slopes alone predict 31 at the" in explanations(RELU_RUN, SIGMOID_RUN, (), 31.0)[1].reason


@pytest.mark.parametrize(
    ("first", "verdict"),
    [(0.4, Verdict.CONTRADICTED), (0.2, Verdict.UNDECIDED), (0.05, Verdict.SUPPORTED)],
)
def test_the_verdict_on_the_gradient_follows_from_its_ratio_in_the_first_layer(first: float, verdict: Verdict) -> None:
    sigmoid = _history(SIGMOID, 800, {"Conv2d-1": first, "Linear-4": 2.0})
    assert _judged(sigmoid=sigmoid)[1].verdict is verdict


@pytest.mark.parametrize(
    ("guesses", "verdict"),
    [(400, Verdict.SUPPORTED), (600, Verdict.UNDECIDED), (700, Verdict.CONTRADICTED), (1000, Verdict.CONTRADICTED)],
)
@pytest.mark.parametrize(("place", "setting"), [(2, "initialisation"), (3, "learning_rate")])
def test_an_experiment_judges_the_setting_that_it_changes(
    place: int, setting: str, guesses: int, verdict: Verdict
) -> None:
    config = experiments(SIGMOID)[setting][0]
    judged = _judged(_history(config, guesses))
    assert judged[place].verdict is verdict
    assert f"{guesses:,} with {getattr(config, setting)}" in judged[place].reason
    assert judged[5 - place].verdict is Verdict.UNDECIDED


def test_the_best_experiment_decides() -> None:
    slow, fast, _ = experiments(SIGMOID)["learning_rate"]
    assert _judged(_history(slow, 800), _history(fast, 200))[3].verdict is Verdict.SUPPORTED


def test_an_experiment_that_has_not_trained_long_enough_decides_nothing() -> None:
    young = _history(experiments(SIGMOID)["learning_rate"][0], 1000)
    judged = _judged(replace(young, losses=young.losses[:500]))
    assert judged[3].verdict is Verdict.UNDECIDED
    diverged = replace(young, losses=np.array([math.nan] * 500))
    assert _judged(diverged)[3].verdict is Verdict.UNDECIDED


def test_a_race_that_ends_before_sigmoid_learns_does_not_contradict_an_experiment() -> None:
    stuck = _history(SIGMOID, 1000, {"Conv2d-1": 0.01, "Linear-4": 2.0})
    other = experiments(SIGMOID)["initialisation"][0]
    judged = _judged(_history(other, 1000), sigmoid=stuck)[2]
    assert judged.verdict is Verdict.UNDECIDED
    assert "train it longer" in judged.reason
    assert _judged(_history(other, 300), sigmoid=stuck)[2].verdict is Verdict.SUPPORTED


def test_the_experiments_change_one_setting_each() -> None:
    for setting, configs in experiments(SIGMOID).items():
        assert configs
        for config in configs:
            assert replace(config, **{setting: getattr(SIGMOID, setting)}) == SIGMOID
    fastest = replace(SIGMOID, learning_rate=10)
    assert experiments(fastest)["learning_rate"] == ()


def test_the_recorded_race_supports_the_slopes_from_its_first_batch_on() -> None:
    relu, sigmoid = recorded_race(RACE)
    judged = explanations(relu, sigmoid, ())
    assert [one.verdict for one in judged[:2]] == [Verdict.CONTRADICTED, Verdict.SUPPORTED]
    assert "36.2 in Conv2d-1, 12 in Conv2d-4, 2.05 in Linear-8, 0.289 in Linear-10" in judged[1].reason
