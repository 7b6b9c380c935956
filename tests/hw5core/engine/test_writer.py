"""The writer: which records it stores when trainings end, start again, or cannot be stored."""

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any, cast

import pytest

from hw5core.data import datasets
from hw5core.engine.cluster import Cluster, Training
from hw5core.engine.messages import Message, Report, TrainingEnded
from hw5core.engine.roster import Roster
from hw5core.engine.space import Space
from hw5core.engine.writer import Writer
from hw5core.errors import NoCheckpointError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, Record, RunStarted, encode
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from hw5core.training.loop import train
from tests.hw5core.histories import numbers, undisturbed
from tools.waiting import wait_until

CONFIG = RunConfig(epochs=2, training_images=100)
SERVER = ""
"""The token of no server, so that no lock file is needed."""


class Workers:
    """Stands in for the cluster. The test reports what its trainings would. It is busy while `is_free` is False."""

    is_embedded = True

    def __init__(self) -> None:
        self.is_free = True
        self.trainings: list[tuple[str, Checkpoint | None]] = []

    def free_worker(self, *_: object) -> str | None:
        return "tcp://worker" if self.is_free else None

    def workers(self) -> frozenset[str]:
        return frozenset({"tcp://worker"})

    def train(self, _: RunConfig, token: str, checkpoint: Checkpoint | None, worker: str) -> Training:
        self.trainings.append((token, checkpoint))
        future: Any = None
        return Training(token, worker, future)


class Desk:
    """A writer with its store, its roster and its workers."""

    def __init__(self, store: RunStore) -> None:
        self.store, self.workers, self.inbox = store, Workers(), SimpleQueue[Message]()
        self.roster = Roster(lambda _: None)
        cluster, space = cast("Cluster", self.workers), Space(store, self.roster.stepped)
        self.writer = Writer(self.inbox, store, cluster, self.roster, space, SERVER)

    def report(self, number: int, *records: Record) -> None:
        """Report records of the training with this number."""
        wait_until(lambda: len(self.workers.trainings) > number, lambda: "no training was submitted")
        for record in records:
            self.inbox.put(Report(CONFIG.run_id, self.workers.trainings[number][0], encode(record)))

    def finished(self) -> list[Record]:
        """Report the rest of the run from the newest training's checkpoint, and return all records of the store."""
        number = len(self.workers.trainings)
        self.workers.is_free = True
        wait_until(lambda: len(self.workers.trainings) > number, lambda: "the run does not continue")
        self.report(number, *train(CONFIG, datasets.load(CONFIG.dataset), self.workers.trainings[number][1]))
        wait_until(self._is_finished, lambda: f"the run does not end: {self.store.run(CONFIG.run_id)}")
        return self.store.records(CONFIG.run_id)[0]

    def _is_finished(self) -> bool:
        run = self.store.run(CONFIG.run_id)
        return run is not None and run.status is Status.FINISHED


@pytest.fixture
def desk(store: RunStore) -> Iterator[Desk]:
    """A writer whose only run has a training that has reported its first epoch. Its workers are busy from then on."""
    made = Desk(store)
    made.writer.claim(made.roster.request([CONFIG], None, slots=1))
    made.report(0)
    made.workers.is_free = False
    records = list(train(CONFIG, datasets.load(CONFIG.dataset)))
    end = next(index for index, record in enumerate(records) if isinstance(record, Checkpoint) and record.epoch == 0)
    made.report(0, *records[: end + 1])
    wait_until(lambda: store.checkpoint(CONFIG.run_id), lambda: "the first epoch is not stored")
    yield made
    made.writer.close()


def _first_batches() -> tuple[Record, Record]:
    """Return the first two records of the run: its start and losses."""
    records = train(CONFIG, datasets.load(CONFIG.dataset))
    started, losses = next(records), next(records)
    assert isinstance(started, RunStarted)
    assert isinstance(losses, BatchLosses)
    return started, losses


def test_batches_of_a_training_that_dask_repeats_are_not_stored_again(desk: Desk) -> None:
    # Dask repeats the training of a dead worker from its old checkpoint, before the writer has cancelled it.
    desk.report(0, *_first_batches())
    assert numbers(desk.finished()) == undisturbed(CONFIG)


def test_a_training_that_dask_repeats_after_a_pause_deletes_nothing(desk: Desk) -> None:
    desk.roster.hold(CONFIG.run_id)
    desk.store.halt(CONFIG.run_id, Status.PAUSED)
    desk.roster.release(CONFIG.run_id)
    desk.report(0, *_first_batches())
    desk.writer.claim(desk.roster.request([CONFIG], None, slots=1))
    assert numbers(desk.finished()) == undisturbed(CONFIG)
    _, checkpoint = desk.workers.trainings[1]
    assert checkpoint, "the run continued from its initial weights"


def test_after_a_record_that_cannot_be_stored_no_later_one_leaves_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = list(train(CONFIG, datasets.load(CONFIG.dataset)))
    second_epoch = [record for record in records if isinstance(record, BatchLosses) and record.first_step >= 20]
    state = next(record for record in reversed(records) if isinstance(record, Checkpoint))
    desk.roster.hold(CONFIG.run_id)
    desk.store.halt(CONFIG.run_id, Status.PAUSED)
    desk.roster.release(CONFIG.run_id)
    with monkeypatch.context() as full:
        full.setattr(RunStore, "add", _disk_is_full)
        desk.report(0, second_epoch[0])
        wait_until(lambda: desk.writer.trouble, lambda: "the writer does not notice the full disk")
    desk.report(0, *second_epoch[1:], state)
    desk.writer.claim(desk.roster.request([CONFIG], None, slots=1))
    assert numbers(desk.finished()) == undisturbed(CONFIG)


def test_an_interrupted_run_that_another_process_pauses_is_not_continued(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(RunStore, "add", _disk_is_full)
        desk.report(0, *_first_batches()[1:])
        wait_until(desk.roster.has_interrupted, lambda: "the run is not interrupted")
    desk.store.halt(CONFIG.run_id, Status.PAUSED)
    wait_until(lambda: desk.roster.missing([CONFIG]), lambda: "the run was requested again")
    assert desk.store.run(CONFIG.run_id).status is Status.PAUSED  # type: ignore[union-attr]


def test_a_run_has_ended_even_if_no_space_can_be_freed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Space, "make_room", _disk_is_full)
    desk.inbox.put(TrainingEnded(CONFIG.run_id, desk.workers.trainings[0][0], "it failed"))
    wait_until(lambda: desk.writer.trouble, lambda: "the writer does not notice the full disk")
    assert desk.store.run(CONFIG.run_id).status is Status.FAILED  # type: ignore[union-attr]
    assert not desk.roster.has_interrupted()


def test_the_trouble_is_over_when_a_run_could_be_claimed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Space, "make_room", _disk_is_full)
    desk.inbox.put(TrainingEnded(CONFIG.run_id, desk.workers.trainings[0][0], "it failed"))
    wait_until(lambda: desk.writer.trouble, lambda: "the writer does not notice the full disk")
    desk.writer.claim(desk.roster.request([CONFIG], None, slots=1))
    assert desk.writer.trouble == ""


def test_a_run_whose_checkpoint_is_gone_fails_and_does_not_keep_others_from_training(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunStore, "checkpoint", _checkpoint_is_gone)
    desk = Desk(store)
    desk.writer.claim(desk.roster.request([CONFIG], None, slots=1))
    wait_until(
        lambda: store.run(CONFIG.run_id).status is Status.FAILED,  # type: ignore[union-attr]
        lambda: f"the run does not fail: {store.run(CONFIG.run_id)}",
    )
    assert store.run(CONFIG.run_id).message == "its checkpoint is gone"  # type: ignore[union-attr]
    assert not desk.roster.has_interrupted()
    desk.writer.close()


def _checkpoint_is_gone(*_: object) -> None:
    raise NoCheckpointError("its checkpoint is gone")


def _disk_is_full(*_: object) -> None:
    raise StoreError("the disk is full")
