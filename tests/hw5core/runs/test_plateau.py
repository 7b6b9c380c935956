"""The plateau at ln 10, and the caption about it."""

import math

import numpy as np
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.history import history_of
from hw5core.runs.plateau import PLATEAU_WINDOW, batches_on_plateau, plateau_caption
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Run, Status

GUESS = math.log(10)
RELU, SIGMOID = race(RunConfig(dataset="mnist"))


def _caption(config: RunConfig, losses: list[float]) -> str:
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    return plateau_caption(history_of(run, [BatchLosses(config.first_step, tuple(losses))]))


@pytest.mark.parametrize("stayed", [0, 300, 1000])
def test_the_plateau_ends_where_the_loss_falls(stayed: int) -> None:
    losses = [GUESS + 0.05 * (-1) ** step for step in range(stayed)] + [1.5] * (1000 - stayed)
    assert batches_on_plateau(np.array(losses)) == stayed


def test_the_caption_says_whether_the_network_is_better_than_guessing() -> None:
    assert _caption(SIGMOID, [GUESS] * (PLATEAU_WINDOW - 1)) == ""
    assert _caption(SIGMOID, [GUESS] * 4_323) == (
        "Sigmoid: no better than guessing (loss near ln 10) for 4,300 batches."
    )
    assert _caption(RELU, [GUESS] * 200 + [1.0] * 200) == "ReLU: better than guessing after 200 batches."
    assert _caption(RELU, [1.0] * 400) == "ReLU: better than guessing within the first 100 batches."


def test_a_fork_has_no_caption_because_it_may_start_anywhere() -> None:
    assert _caption(fork(SIGMOID, 0, "relu", 0.008), [GUESS] * 400) == ""
