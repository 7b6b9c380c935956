"""Run histories: immutable snapshots, folded from records."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.history import RECENT_REPORTS, HistoryBuilder, RunHistory, history_of, history_until
from hw5core.runs.records import (
    BatchLosses,
    EpochResult,
    LayerReport,
    LayerStatistics,
    MeasuredStep,
    Record,
    RunFinished,
    RunStarted,
)
from hw5core.runs.run import Run, Status

CONFIG = RunConfig(epochs=2)
RUN = Run(CONFIG.run_id, CONFIG, Status.RUNNING, "", 1)
STARTED = RunStarted(0, 11.0, "weights", "split", "order", {})


def _history(*records: Record) -> RunHistory:
    return history_of(RUN, records)


def test_a_history_holds_what_its_records_report() -> None:
    epoch = EpochResult(0, 2, 0.5, 90.0, 91.0, 1.0, 0.1)
    history = _history(
        STARTED, BatchLosses(0, (2.3, 2.2), (2.4, 2.2), (1, 2), 0.5), BatchLosses(2, (2.0,)), epoch, RunFinished(3, 1.5)
    )
    assert history.started == STARTED
    assert history.losses.tolist() == [2.3, 2.2, 2.0]
    assert history.examples.tolist() == pytest.approx([2.4, 2.2])
    assert list(history.epochs) == [epoch]
    assert list(history.clock) == [(0, 0.0), (2, 0.5)]
    assert (history.seconds, history.done, history.records) == (1.5, 3, 5)


def test_old_and_new_records_of_layers_follow_each_other() -> None:
    first, *others = (LayerStatistics(step, {"Conv2d-1": 1.0}, {}, {}) for step in (0, 100, 104))
    assert _history(STARTED, first, LayerReport(tuple(others))).statistics == (first, *others)


def test_a_snapshot_does_not_change_when_more_records_arrive() -> None:
    builder = HistoryBuilder(CONFIG)
    builder.add([STARTED, BatchLosses(0, (2.3,), (2.4,), (1,), 0.1)])
    before = builder.history(RUN)
    for step in range(1, 2_000):
        builder.add([BatchLosses(step, (float(step),), (float(step),), (1,), 0.1 * step)])
    after = builder.history(RUN)
    assert (before.losses.tolist(), before.examples.tolist()) == ([2.3], pytest.approx([2.4]))
    assert list(before.clock) == [(0, 0.0), (1, 0.1)]
    assert after.losses.tolist() == [2.3, *map(float, range(1, 2_000))]
    assert before.version != after.version


def test_a_snapshot_cannot_be_written_to() -> None:
    history = _history(STARTED, BatchLosses(0, (2.3,), (2.4,), (1,)))
    with pytest.raises(FrozenInstanceError):
        history.seconds = 1.0  # type: ignore[misc]
    for values in (history.losses, history.examples):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0.0


def test_many_snapshots_of_a_growing_run_share_its_memory() -> None:
    builder = HistoryBuilder(CONFIG)
    builder.add([BatchLosses(0, (2.3,) * 300)])
    first = builder.history(RUN)
    builder.add([BatchLosses(300, (2.2,))])
    assert np.shares_memory(first.losses, builder.history(RUN).losses)


def test_equal_versions_mean_that_nothing_is_new() -> None:
    records = [STARTED, BatchLosses(0, (2.3,))]
    assert _history(*records).version == _history(*records).version
    assert _history(*records).version != _history(*records, MeasuredStep(0, (), ())).version
    paused = Run(CONFIG.run_id, CONFIG, Status.PAUSED, "", 1)
    assert history_of(paused, records).version != _history(*records).version


def test_a_finished_run_is_shown_again_as_it_trained() -> None:
    finished = Run(CONFIG.run_id, CONFIG, Status.FINISHED, "", 1)
    records = [STARTED, BatchLosses(0, (2.3,) * 10, seconds=0.1), BatchLosses(10, (2.2,) * 10, seconds=0.2)]
    whole = history_of(finished, [*records, EpochResult(0, 19, 0.5, 90.0, 91.0, 1.0, 0.1), RunFinished(20, 0.3)])
    early, late = history_until(whole, 10), history_until(whole, 19)
    assert (early.status, early.done, list(early.epochs), early.clock[-1]) == (Status.RUNNING, 10, [], (10, 0.1))
    assert len({early.version, late.version, whole.version}) == 3
    assert history_until(whole, 20) is whole


def test_losses_that_are_not_finite_stay_so() -> None:
    history = _history(BatchLosses(0, (math.inf, math.nan), (1e300, math.nan)))
    assert np.isinf(history.losses[0])
    assert np.isnan(history.losses[1])
    assert np.isinf(history.examples[0])


def test_the_speed_is_that_of_the_last_reports() -> None:
    reports = [BatchLosses(step, (2.3,) * 10, seconds=step / 100 + 0.1) for step in range(0, 100, 10)]
    history = _history(*reports)
    assert history.steps_per_second == pytest.approx(100)
    assert history.seconds_left == pytest.approx((CONFIG.total_steps - 100) / 100)
    assert (_history().steps_per_second, _history().seconds_left) == (None, None)


def test_the_time_left_follows_the_load_of_the_machine() -> None:
    """The run trains a hundred batches per second, and then, next to another program, ten."""
    config = RunConfig(epochs=20)
    fast = [BatchLosses(100 * number, (2.3,) * 100, seconds=number + 1.0) for number in range(10)]
    slow = [BatchLosses(1_000 + number, (2.3,), seconds=10 + (number + 1) / 10) for number in range(RECENT_REPORTS)]
    history = history_of(Run(config.run_id, config, Status.RUNNING, "", 1), [*fast, *slow])
    assert history.steps_per_second == pytest.approx(10)
    assert history.seconds_left == pytest.approx((config.total_steps - 1_000 - RECENT_REPORTS) / 10)


def test_the_clock_of_a_fork_starts_with_its_first_report() -> None:
    config = fork(CONFIG, 0, "sigmoid", 0.005)
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    first = config.first_step
    history = history_of(run, [BatchLosses(first, (2.3,), seconds=7.0), BatchLosses(first + 1, (2.3,), seconds=8.0)])
    assert list(history.clock) == [(first, 7.0), (first + 1, 7.0), (first + 2, 8.0)]
    assert history.done == first + 2


def test_a_single_step_is_shown_until_the_run_continues() -> None:
    measured = MeasuredStep(1, (), ())
    stepped = [BatchLosses(0, (2.3,)), BatchLosses(1, (2.2,)), measured]
    assert _history(*stepped).stepped == measured
    assert _history(*stepped, BatchLosses(2, (2.1,))).stepped is None
