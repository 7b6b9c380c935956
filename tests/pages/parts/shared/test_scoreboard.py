"""The scoreboard: what it says of a run that trains, waits, or has diverged."""

import math

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory, history_of
from hw5core.runs.records import BatchLosses, Record, RunStarted
from hw5core.runs.run import Run, Status
from pages.parts.shared.queue_place import Place
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.scoreboard import scoreboard

CONFIG = RunConfig(epochs=10)
STARTED = RunStarted(0, 11.0, "weights", "split", "order", {})


def _run(status: Status, *records: Record) -> RunHistory:
    return history_of(Run(CONFIG.run_id, CONFIG, status, "", 1), [STARTED, *records])


def _html(run: RunHistory, wait: Place | None = None) -> str:
    return scoreboard(RaceSnapshot((CONFIG,), (run,), (wait,), ""))


def test_the_time_left_says_that_it_follows_from_the_current_speed() -> None:
    run = _run(Status.RUNNING, BatchLosses(0, (2.3,) * 160, seconds=8.0))
    assert "running: 160 of 2,160 batches, 20 per second, about 2 min left at this speed" in _html(run)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(None, "position 3 in the queue:"), (0, "starts in about 1 min"), (12, "starts in about 12 min")],
)
def test_a_waiting_run_shows_when_it_is_expected_to_start(minutes: int | None, words: str) -> None:
    html = _html(_run(Status.WAITING), Place(3, minutes))
    assert "waiting, position 3 in the queue" in html
    assert words in html


def test_a_network_that_diverged_is_not_said_to_guess() -> None:
    html = _html(_run(Status.RUNNING, BatchLosses(0, (2.3,) * 7 + (math.nan,) * 200)))
    assert "ReLU: diverged at batch 7. The loss is no longer a finite number." in html
    assert "guess" not in html
