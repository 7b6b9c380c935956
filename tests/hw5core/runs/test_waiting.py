"""When a waiting run is expected to start."""

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory, history_of
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Run, Status
from hw5core.runs.waiting import seconds_until_start

CONFIG = RunConfig(epochs=10)  # 2,160 batches


def _run(done: int, per_second: float, seed: int = 0) -> RunHistory:
    """Return a run that has trained so many batches at this speed."""
    config = RunConfig(epochs=10, seed=seed)
    records = [BatchLosses(0, (2.3,) * done, seconds=done / per_second)] if done else []
    return history_of(Run(config.run_id, config, Status.RUNNING, "", 1), records)


def test_the_first_waiting_run_starts_when_the_first_worker_is_free() -> None:
    assert seconds_until_start([_run(1_160, 100), _run(2_060, 100)], []) == pytest.approx(1)


def test_later_runs_wait_for_those_before_them() -> None:
    training, waiting = [_run(1_160, 100), _run(2_060, 100)], [_run(0, 1, seed) for seed in (1, 2, 3)]
    # The workers are free after 1 s and 10 s, and each run takes 21.6 s.
    assert seconds_until_start(training, waiting[:1]) == pytest.approx(10)
    assert seconds_until_start(training, waiting[:2]) == pytest.approx(22.6)
    assert seconds_until_start(training, waiting) == pytest.approx(31.6)


def test_the_batches_that_a_resumed_run_has_done_do_not_count() -> None:
    assert seconds_until_start([_run(2_060, 100)], [_run(2_060, 10)]) == pytest.approx(2)


def test_before_the_first_report_the_start_is_unknown() -> None:
    assert seconds_until_start([_run(0, 1)], []) is None
    assert seconds_until_start([], []) is None
