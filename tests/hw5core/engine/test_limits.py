"""The limits of a public server: a refusal names what would work, and old runs of guests are deleted for new ones."""

import re
from dataclasses import replace

import pytest

from hw5core.engine.engine import Engine
from hw5core.engine.limits import OWN, PUBLIC, limits_for, refusal
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Status
from hw5core.store.eviction import Shares
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore

GUEST = "0123456789abcdef" * 2
HOMEWORK = RunConfig(dataset="mnist")
WIDE = "1x28x28 conv64k3p1 relu conv64k3p1 relu maxpool7 flatten linear10"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_PUBLIC", "1")


@pytest.mark.parametrize("name", ["relu", "sigmoid"])
@pytest.mark.parametrize("dataset", ["digits", "mnist", "fashion"])
def test_every_guest_may_train_the_homeworks_race(public: None, dataset: str, name: str) -> None:
    epochs = 20 if dataset == "digits" else 5
    assert refusal(RunConfig(dataset=dataset, epochs=epochs, activation=name), GUEST) == ""


@pytest.mark.parametrize(
    ("too_large", "reason"),
    [
        (replace(HOMEWORK, epochs=31), "31 epochs are more than the limit of 30"),
        (replace(HOMEWORK, network="1x28x28 flatten linear4096 relu linear10"), "3,256,330 parameters"),
        (replace(HOMEWORK, epochs=10), "7 epochs would work"),
        (replace(HOMEWORK, batch_size=1), "210,000 batches, and the limit is 60,000: choose a larger"),
        (RunConfig(network=WIDE.replace("64", "32", 1).replace("64", "16"), batch_size=1_000), "a batch size of"),
    ],
    ids=["epochs", "parameters", "images", "batches", "batch size"],
)
def test_a_guest_is_refused_with_a_reason_and_the_lecturer_is_not(
    public: None, too_large: RunConfig, reason: str
) -> None:
    assert reason in refusal(too_large, GUEST)
    assert refusal(too_large, LECTURER) == refusal(too_large, None) == ""


def test_the_batch_size_that_a_refusal_names_works(public: None) -> None:
    too_large = RunConfig(network=WIDE.replace("64", "32", 1).replace("64", "16"), batch_size=1_000)
    (found,) = re.findall(r"a batch size of ([\d,]+) would work", refusal(too_large, GUEST))
    fitting = int(found.replace(",", ""))
    assert refusal(replace(too_large, batch_size=fitting), GUEST) == ""
    assert refusal(replace(too_large, batch_size=fitting + 1), GUEST) != ""
    assert refusal(replace(HOMEWORK, epochs=7), GUEST) == ""


def test_a_private_machine_limits_only_the_size_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW5_PUBLIC", raising=False)
    assert limits_for(GUEST) == OWN
    assert refusal(replace(HOMEWORK, epochs=200, batch_size=1), GUEST) == ""
    assert refusal(replace(HOMEWORK, batch_size=1_000), GUEST) == ""
    assert "a batch size of 340 would work" in refusal(replace(HOMEWORK, network=WIDE, batch_size=1_000), GUEST)


def _stored(store: RunStore, seed: int, owner: str | None, status: Status) -> RunConfig:
    """Add a run of about a megabyte to the store."""
    config = RunConfig(seed=seed)
    store.claim(config, "server", owner)
    for block in range(5):
        store.add(config.run_id, BatchLosses(block * 10_000, tuple(0.123456789012345 for _ in range(10_000))))
    if status is Status.FAILED:
        store.fail(config.run_id, "for the test")
    elif status is not Status.RUNNING:
        store.halt(config.run_id, status, owner)
    return config


MEGABYTE = 1024**2


def test_the_lecturer_may_change_every_run_and_a_guest_their_own(store: RunStore) -> None:
    guests, prewarmed = _stored(store, 0, GUEST, Status.PAUSED), _stored(store, 1, None, Status.STOPPED)
    assert store.owned(GUEST) == {guests.run_id}
    assert store.owned(LECTURER) == {guests.run_id, prewarmed.run_id}
    assert not store.claim(guests, "server", "another guest")
    assert store.claim(guests, "server", LECTURER), "the lecturer could not continue a run that a guest had paused"


def test_guests_runs_are_deleted_for_space_those_that_changed_last_at_the_end(store: RunStore) -> None:
    prewarmed = _stored(store, 0, None, Status.STOPPED)
    lecturers = _stored(store, 1, LECTURER, Status.STOPPED)
    running = _stored(store, 2, GUEST, Status.RUNNING)
    waiting = RunConfig(seed=3)
    store.claim(waiting, "server", GUEST)
    paused = _stored(store, 4, GUEST, Status.PAUSED)
    oldest = _stored(store, 5, GUEST, Status.FAILED)
    older = _stored(store, 6, "another guest", Status.STOPPED)
    newest = _stored(store, 7, GUEST, Status.STOPPED)
    permanent = {config.run_id for config in (prewarmed, lecturers, running, waiting)}

    def stored() -> set[str]:
        return {run.run_id for run, _ in store.newest(100)}

    assert store.make_room(20 * MEGABYTE)
    assert stored() == permanent | {paused.run_id, oldest.run_id, older.run_id, newest.run_id}
    # Some more is deleted than necessary, so that the next runs find space.
    assert store.make_room(int(5.5 * MEGABYTE))
    assert stored() == permanent | {older.run_id, newest.run_id}
    assert store.make_room(5 * MEGABYTE)
    assert stored() == permanent | {older.run_id, newest.run_id}
    assert store.make_room(int(3.5 * MEGABYTE))
    assert stored() == permanent
    assert not store.make_room(2 * MEGABYTE), "there is no space, but make_room returned True"
    assert stored() == permanent


def test_a_guest_is_refused_when_the_store_is_full_and_the_lecturer_is_not(
    public: None, engine: Engine, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw5core.engine.limits.PUBLIC", replace(PUBLIC, store_bytes=MEGABYTE))
    _stored(store, 0, LECTURER, Status.STOPPED)
    _stored(store, 1, None, Status.STOPPED)
    guests = _stored(store, 3, GUEST, Status.STOPPED)
    with pytest.raises(EngineError, match="1 MB that this server has for runs"):
        engine.start([RunConfig(seed=2)], GUEST)
    assert store.run(guests.run_id) is None, "a guest's run was not deleted though there was no space"
    engine.start([RunConfig(seed=2)], LECTURER)
    engine.stop(RunConfig(seed=2).run_id, LECTURER)


def test_nobody_keeps_a_run_from_others_by_deleting_it_again_and_again(
    engine: Engine, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig(network="1x28x28 flatten relu linear10", epochs=1)
    for _ in range(2):
        engine.start([config], GUEST)
        engine.delete(config.run_id, GUEST)
    engine.start([config], GUEST)
    monkeypatch.setenv("HW5_PUBLIC", "1")
    with pytest.raises(EngineError, match="deleted 60 minutes after its start"):
        engine.delete(config.run_id, GUEST)
    run = store.run(config.run_id)
    assert run is not None
    now = run.created + PUBLIC.deletion_seconds + 1
    monkeypatch.setattr("time.time", lambda: now)
    engine.delete(config.run_id, GUEST)
    engine.start([config], GUEST)
    engine.delete(config.run_id, LECTURER)


def test_what_somebody_has_deleted_makes_room_before_runs_of_others_do(store: RunStore) -> None:
    kept, deleted = _stored(store, 0, GUEST, Status.STOPPED), _stored(store, 1, "another guest", Status.STOPPED)
    store.delete(deleted.run_id)
    assert store.make_room(int(1.5 * MEGABYTE))
    assert store.run(kept.run_id) is not None
    assert not store.restore(deleted.run_id)


def test_a_run_that_is_in_use_is_not_deleted_for_space(store: RunStore) -> None:
    used, other = _stored(store, 0, GUEST, Status.PAUSED), _stored(store, 1, GUEST, Status.STOPPED)
    assert not store.make_room(1000, in_use=lambda: [used.run_id])
    assert store.run(used.run_id) is not None
    assert store.run(other.run_id) is None


def test_who_needs_more_than_their_share_loses_their_own_runs_first(store: RunStore) -> None:
    modest = [_stored(store, seed, f"guest {seed}", Status.STOPPED) for seed in range(3)]
    greedy = [_stored(store, seed, GUEST, Status.STOPPED) for seed in range(3, 6)]
    shares = Shares(owner=1.5 * MEGABYTE)
    assert store.make_room(int(5.5 * MEGABYTE), shares)
    assert store.make_room(int(4.5 * MEGABYTE), shares)
    stored = {run.run_id for run, _ in store.newest(100)}
    assert stored == {config.run_id for config in (*modest, greedy[2])}
