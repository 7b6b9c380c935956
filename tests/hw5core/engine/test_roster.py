"""The roster: which training belongs to a run, and whose records are accepted."""

from typing import Any

import pytest

from hw5core.engine.cluster import Training
from hw5core.engine.messages import Report, TrainingEnded
from hw5core.engine.roster import Roster, Source, Task
from hw5core.runs.config import RunConfig
from hw5core.runs.records import RunFinished, encode

CONFIGS = [RunConfig(seed=seed) for seed in range(3)]
FIRST = CONFIGS[0].run_id
RECORD = encode(RunFinished(1, 1.0))


@pytest.fixture
def cancelled() -> list[str]:
    """The tokens of the cancelled trainings."""
    return []


@pytest.fixture
def roster(cancelled: list[str]) -> Roster:
    """A roster with one slot, which the first run has. The second run waits."""
    made = Roster(lambda training: cancelled.append(training.token))
    requests = made.request(CONFIGS[:2], None, slots=1)
    made.settle(requests, {request.run_id for request in requests})
    return made


def _training(token: str) -> Training:
    future: Any = None
    return Training(token, "tcp://worker", future)


def _assign(roster: Roster, token: str) -> Task:
    (task,) = roster.unassigned()
    roster.assign(task, _training(token), created=1.0)
    return task


def _report(token: str, run_id: str = FIRST) -> Report:
    return Report(run_id, token, RECORD)


def test_a_run_with_a_slot_needs_a_worker_until_it_has_a_training(roster: Roster) -> None:
    task = _assign(roster, "first")
    assert task.run_id == FIRST
    assert roster.unassigned() == []
    assert roster.busy_workers() == ["tcp://worker"]
    assert roster.task_of(_report("first")) is task
    assert roster.source_of(_report("first")) == Source("first", 1.0)


def test_a_free_slot_goes_to_the_next_waiting_run(roster: Roster, cancelled: list[str]) -> None:
    task = _assign(roster, "first")
    assert roster.free(task)
    assert cancelled == ["first"]
    assert [task.run_id for task in roster.unassigned()] == [CONFIGS[1].run_id]
    assert not roster.free(task), "a slot was freed twice"


def test_the_last_checkpoint_of_a_paused_run_is_accepted_until_another_training_starts(roster: Roster) -> None:
    _assign(roster, "first")
    roster.hold(FIRST)
    roster.release(FIRST)
    assert roster.source_of(_report("first")) is not None
    assert roster.task_of(_report("first")) is None
    roster.hold(CONFIGS[1].run_id)
    roster.settle(roster.request(CONFIGS[:1], None, slots=1), {FIRST})
    _assign(roster, "second")
    assert roster.source_of(_report("first")) is None
    assert roster.source_of(_report("second")) is not None


def test_no_record_of_a_deleted_run_is_accepted(roster: Roster, cancelled: list[str]) -> None:
    _assign(roster, "first")
    roster.hold(FIRST, accept_reports=False)
    assert cancelled == ["first"]
    assert roster.source_of(_report("first")) is None


def test_a_run_cannot_start_while_the_store_is_changed(roster: Roster) -> None:
    roster.hold(FIRST)
    assert roster.missing(CONFIGS) == [CONFIGS[2]]
    assert roster.request(CONFIGS[:1], None, slots=1) == []
    roster.release(FIRST)
    assert roster.missing(CONFIGS) == [CONFIGS[0], CONFIGS[2]]


def test_a_training_that_comes_too_late_is_cancelled(roster: Roster, cancelled: list[str]) -> None:
    (task,) = roster.unassigned()
    roster.hold(FIRST)
    roster.assign(task, _training("late"), created=1.0)
    assert cancelled == ["late"]
    assert roster.source_of(_report("late")) is None


def test_a_restarted_run_keeps_its_slot_and_needs_a_worker(roster: Roster, cancelled: list[str]) -> None:
    task = _assign(roster, "first")
    roster.restart(task)
    assert cancelled == ["first"]
    (restarted,) = roster.unassigned()
    assert (restarted.run_id, restarted.restarts) == (FIRST, 1)
    assert roster.place(CONFIGS[1].run_id) == 1, "the waiting run took the slot of the restarted one"
    assert roster.task_of(TrainingEnded(FIRST, "first")) is None
    roster.restart(task)
    assert roster.unassigned() == [restarted], "a task was restarted twice"


def test_a_training_that_starts_again_is_heard_no_more(roster: Roster) -> None:
    task = _assign(roster, "first")
    assert roster.unstarted() == [task]
    source = roster.source_of(_report("first"))
    assert source is not None
    assert roster.begin(source, FIRST)
    assert roster.unstarted() == []
    assert roster.source_of(_report("first")) is source
    assert not roster.begin(source, FIRST)
    assert roster.source_of(_report("first")) is None


def test_a_closed_roster_gives_no_slots(roster: Roster, cancelled: list[str]) -> None:
    _assign(roster, "first")
    assert roster.close() == CONFIGS[:1]
    assert cancelled == ["first"]
    assert roster.unassigned() == []
    assert roster.planned() == {}
