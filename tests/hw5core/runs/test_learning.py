"""What a network does so far, and the sentence about it: learning, no better than guessing, diverged."""

import gc
import math
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest

from hw5core.data import datasets
from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.history import RunHistory, history_of
from hw5core.runs.learning import WINDOW, Stage, divergence, learning_caption, learning_of
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Run, Status
from hw5core.training.loop import train

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig(dataset="mnist"))


def _history(config: RunConfig, losses: list[float]) -> RunHistory:
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    return history_of(run, [BatchLosses(config.first_step, tuple(losses))])


def _caption(config: RunConfig, losses: list[float]) -> str:
    return learning_caption(_history(config, losses))


@pytest.mark.parametrize("stayed", [0, 300, 1000])
def test_the_plateau_ends_where_the_loss_falls(stayed: int) -> None:
    losses = [GUESS + 0.05 * (-1) ** step for step in range(stayed)] + [1.5] * (1000 - stayed)
    assert learning_of(_history(RELU, losses)).plateau == stayed


def test_the_caption_says_whether_the_network_is_better_than_guessing() -> None:
    assert _caption(SIGMOID, [GUESS] * (WINDOW - 1)) == ""
    assert _caption(SIGMOID, [GUESS] * 4_323) == (
        "Sigmoid: no better than guessing (loss near ln 10) for 4,300 batches."
    )
    assert _caption(SIGMOID, [GUESS + 0.5] * 4_323) == (
        "Sigmoid: no better than guessing (loss above ln 10) for 4,300 batches."
    )
    rule = "(the mean loss of 100 batches is below ln 10 − 0.1)"
    assert _caption(RELU, [GUESS] * 200 + [1.0] * 200) == f"ReLU: better than guessing after 200 batches {rule}."
    assert _caption(RELU, [1.0] * 400) == f"ReLU: better than guessing within the first 100 batches {rule}."


def test_a_network_that_forgets_what_it_learned_is_guessing_again() -> None:
    forgotten = [GUESS] * 100 + [1.0] * 300 + [GUESS] * 500
    assert _caption(RELU, forgotten) == "ReLU: no better than guessing again (loss near ln 10) since batch 400."
    assert learning_of(_history(RELU, forgotten)).plateau == 100
    assert "better than guessing after 100" in _caption(RELU, forgotten[:-100])


@pytest.mark.parametrize(
    ("losses", "batch", "words"),
    [
        ([GUESS] * 5 + [math.nan] * 2, 5, "no longer a finite number"),
        ([GUESS] * 12 + [math.inf] + [math.nan] * 500, 12, "no longer a finite number"),
        ([1.0] * 1_000 + [math.nan], 1_000, "no longer a finite number"),
        ([GUESS] * 130 + [20.0] * 100, 130, "far above ln 10"),
        # A ReLU network that died after its explosion only seems to be back where it began.
        ([1e30] * 40 + [GUESS] * 960, 0, "far above ln 10"),
    ],
)
def test_a_diverged_network_is_never_said_to_guess(losses: list[float], batch: int, words: str) -> None:
    history = _history(RELU, losses)
    assert learning_of(history).diverged_at == batch
    assert learning_caption(history).startswith(f"ReLU: diverged at batch {batch:,}. The loss ")
    assert "guess" not in learning_caption(history)
    assert divergence(history) == f"ReLU diverged at batch {batch:,}"


def test_a_network_that_recovers_has_not_diverged() -> None:
    assert learning_of(_history(RELU, [50.0] * 100 + [1.0] * 100)).stage is Stage.LEARNING


@pytest.mark.parametrize(("activation", "rate", "stage"), [
    ("relu", 10.0, Stage.DIVERGED),  # the loss is NaN after a few batches
    ("tanh", 5.0, Stage.DIVERGED),  # the loss stays finite, near 130
    ("sigmoid", 0.05, Stage.GUESSING),
    ("relu", 0.05, Stage.LEARNING),
])  # fmt: skip
def test_a_real_run_is_judged_by_its_losses(activation: str, rate: float, stage: Stage) -> None:
    config = RunConfig(activation=activation, learning_rate=rate, epochs=2)
    run = Run(config.run_id, config, Status.FINISHED, "", 1)
    history = history_of(run, train(config, datasets.load("digits")))
    learning = learning_of(history)
    assert learning.stage is stage
    if stage is Stage.DIVERGED:
        assert learning.diverged_at is not None
        assert not np.nanmean(history.losses[learning.diverged_at :]) < 2 * GUESS
    assert f"diverged at batch {learning.diverged_at}." in learning_caption(history) or stage is not Stage.DIVERGED


def test_both_networks_of_the_recorded_race_learn() -> None:
    relu, sigmoid = map(learning_of, recorded_race(RACE))
    assert relu.stage is sigmoid.stage is Stage.LEARNING
    assert relu.plateau is not None
    assert sigmoid.plateau is not None
    assert relu.plateau < 1_000 < sigmoid.plateau


def test_a_fork_that_learns_has_no_caption_because_its_parent_may_have_learned_before() -> None:
    config = fork(SIGMOID, 0, "relu", 0.005)
    assert _caption(config, [1.0] * 400) == ""
    assert _caption(config, [GUESS] * 400).endswith("no better than guessing (loss near ln 10) for 400 batches.")
    # Batches are counted from the first one of the parent.
    assert f"diverged at batch {config.first_step + 3:,}" in _caption(config, [GUESS] * 3 + [math.nan])


def test_guessing_depends_on_the_number_of_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "four", replace(DATASETS["digits"], classes=4))
    config = RunConfig(dataset="four", network="1x28x28 flatten relu linear4")
    assert _caption(config, [math.log(4)] * 200) == "ReLU: no better than guessing (loss near ln 4) for 200 batches."
    assert learning_of(_history(config, [GUESS] * 200)).is_near is False


def test_a_history_is_computed_once_and_is_not_kept_in_memory() -> None:
    history = _history(RELU, [GUESS] * 200)
    assert learning_of(history) is learning_of(history)
    freed = ref(history)
    del history
    gc.collect()
    assert freed() is None
