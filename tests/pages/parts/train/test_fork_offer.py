"""When the Train page offers to continue a run with ReLU, and from which epoch."""

from dataclasses import replace

import numpy as np
import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status
from pages.parts.train.fork_offer import offered_fork

SIGMOID = RunConfig(activation="sigmoid", epochs=4)
STEPS = SIGMOID.steps_per_epoch


def _run(config: RunConfig, guessing: int, learning: int = 0, status: Status = Status.RUNNING) -> RunHistory:
    """Return a run that guessed for `guessing` batches, and then learned for `learning` batches."""
    losses = np.array([2.303] * guessing + [0.5] * learning)
    epochs = tuple(
        EpochResult(epoch, (epoch + 1) * STEPS - 1, 0.5, 80.0, 81.0, 1.0, 0.1) for epoch in range(len(losses) // STEPS)
    )
    return RunHistory(Run(config.run_id, config, status, "", 1), losses=losses, epochs=epochs)


@pytest.mark.parametrize(
    ("guessing", "learning", "epoch", "epochs"),
    [
        (STEPS, 0, 0, 4),
        (2 * STEPS + 50, 0, 1, 4),
        # It has learned in the third epoch, so its plateau ended after the second one.
        (2 * STEPS + 150, STEPS, 1, 4),
        # The last epoch has no epoch after it, so the fork gets one more.
        (4 * STEPS, 0, 3, 5),
    ],
)
def test_a_stuck_run_is_continued_from_the_last_epoch_on_its_plateau(
    guessing: int, learning: int, epoch: int, epochs: int
) -> None:
    run = _run(SIGMOID, guessing, learning, Status.FINISHED)
    assert offered_fork(run) == fork(SIGMOID, epoch, "relu", 0.005, epochs=epochs)


@pytest.mark.parametrize(("stuck", "offered"), [(1, 1), (2, 1), (3, 1), (4, 4), (15, 4), (16, 16), (63, 16), (64, 64)])
def test_while_a_run_trains_its_offer_changes_a_few_times_only(stuck: int, offered: int) -> None:
    config = replace(SIGMOID, epochs=100)
    chosen = offered_fork(_run(config, stuck * STEPS))
    assert chosen is not None
    assert chosen.fork is not None
    assert chosen.fork.epoch == offered - 1


@pytest.mark.parametrize(
    "run",
    [
        _run(SIGMOID, STEPS - 1),  # no epoch has finished, so there is no checkpoint to fork from
        _run(SIGMOID, 100, 2 * STEPS),
        _run(replace(SIGMOID, activation="relu"), 3 * STEPS),
        _run(fork(SIGMOID, 0, "tanh", 0.005), 2 * STEPS),
    ],
)
def test_no_fork_is_offered_before_an_epoch_on_the_plateau_or_for_relu_or_a_fork(run: RunHistory) -> None:
    assert offered_fork(run) is None
