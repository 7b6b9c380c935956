"""What a visitor may ask for: each limit refuses what is beyond it, says what works, and what it names does work."""

import re
from dataclasses import replace

import pytest

from hw5core.engine.engine import Engine
from hw5core.engine.limits import OWN, PUBLIC, limits_for, refusal
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Status
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
def test_the_homeworks_race_is_open_to_everybody(public: None, dataset: str, name: str) -> None:
    epochs = 20 if dataset == "digits" else 5
    assert refusal(RunConfig(dataset=dataset, epochs=epochs, activation=name), GUEST) == ""


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        (replace(HOMEWORK, epochs=31), "31 epochs are more than the 30"),
        (replace(HOMEWORK, network="1x28x28 flatten linear4096 relu linear10"), "3,256,330 parameters"),
        (replace(HOMEWORK, epochs=10), "7 epochs would work"),
        (replace(HOMEWORK, batch_size=1), "this run has 210,000 batches, at most 60,000 may be here: choose a larger"),
        (RunConfig(network=WIDE.replace("64", "32", 1).replace("64", "16"), batch_size=1_000), "a batch size of"),
    ],
    ids=["epochs", "parameters", "images", "batches", "batch size"],
)
def test_a_guest_is_told_what_is_too_large_and_the_lecturer_gets_it(public: None, beyond: RunConfig, said: str) -> None:
    assert said in refusal(beyond, GUEST)
    assert refusal(beyond, LECTURER) == refusal(beyond, None) == ""


def test_what_a_refusal_says_would_work_does(public: None) -> None:
    beyond = RunConfig(network=WIDE.replace("64", "32", 1).replace("64", "16"), batch_size=1_000)
    (named,) = re.findall(r"a batch size of ([\d,]+) would work", refusal(beyond, GUEST))
    fitting = int(named.replace(",", ""))
    assert refusal(replace(beyond, batch_size=fitting), GUEST) == ""
    assert refusal(replace(beyond, batch_size=fitting + 1), GUEST) != ""
    assert refusal(replace(HOMEWORK, epochs=7), GUEST) == ""


def test_ones_own_machine_is_open_but_for_a_step_that_nobody_could_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW5_PUBLIC", raising=False)
    assert limits_for(GUEST) == OWN
    assert refusal(replace(HOMEWORK, epochs=200, batch_size=1), GUEST) == ""
    assert refusal(replace(HOMEWORK, batch_size=1_000), GUEST) == ""
    assert "a batch size of 340 would work" in refusal(replace(HOMEWORK, network=WIDE, batch_size=1_000), GUEST)


def _kept(store: RunStore, seed: int, owner: str | None, status: Status) -> RunConfig:
    """A run in the store that takes about a megabyte."""
    config = RunConfig(seed=seed)
    store.claim(config, "server", owner)
    for block in range(5):
        store.add(config.run_id, BatchLosses(block * 10_000, tuple(0.123456789012345 for _ in range(10_000))))
    if status is Status.FAILED:
        store.fail(config.run_id, "for the test")
    elif status is not Status.RUNNING:
        store.halt(config.run_id, status)
    return config


MEGABYTE = 1024**2


def test_the_lecturer_may_change_every_run_and_a_guest_their_own(store: RunStore) -> None:
    guests, prewarmed = _kept(store, 0, GUEST, Status.PAUSED), _kept(store, 1, None, Status.STOPPED)
    assert store.owned(GUEST) == {guests.run_id}
    assert store.owned(LECTURER) == {guests.run_id, prewarmed.run_id}
    assert not store.claim(guests, "server", "another guest")
    assert store.claim(guests, "server", LECTURER), "a guest's pause kept the lecturer from going on"


def test_guests_oldest_runs_make_way_and_nobody_elses(store: RunStore) -> None:
    prewarmed = _kept(store, 0, None, Status.STOPPED)
    lecturers = _kept(store, 1, LECTURER, Status.STOPPED)
    running = _kept(store, 2, GUEST, Status.RUNNING)
    waiting = RunConfig(seed=3)
    store.claim(waiting, "server", GUEST)
    paused = _kept(store, 4, GUEST, Status.PAUSED)
    oldest = _kept(store, 5, GUEST, Status.FAILED)
    older = _kept(store, 6, "another guest", Status.STOPPED)
    newest = _kept(store, 7, GUEST, Status.STOPPED)
    held = {config.run_id for config in (prewarmed, lecturers, running, waiting)}

    def there() -> set[str]:
        return {run.run_id for run, _ in store.newest(100)}

    assert store.make_room(20 * MEGABYTE)
    assert there() == held | {paused.run_id, oldest.run_id, older.run_id, newest.run_id}
    assert store.make_room(5 * MEGABYTE)
    assert there() == held | {paused.run_id, newest.run_id}
    assert store.make_room(3 * MEGABYTE)
    assert there() == held
    assert not store.make_room(2 * MEGABYTE), "there is no room, and it was said that there is"
    assert there() == held


def test_a_guest_is_refused_when_the_store_is_full_and_the_lecturer_is_not(
    public: None, engine: Engine, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw5core.engine.limits.PUBLIC", replace(PUBLIC, store_bytes=MEGABYTE))
    _kept(store, 0, LECTURER, Status.STOPPED)
    _kept(store, 1, None, Status.STOPPED)
    guests = _kept(store, 3, GUEST, Status.STOPPED)
    with pytest.raises(EngineError, match="1 MB that this server has for runs"):
        engine.start([RunConfig(seed=2)], GUEST)
    assert store.run(guests.run_id) is None, "a guest's run was kept though there was no room"
    engine.start([RunConfig(seed=2)], LECTURER)
    engine.stop(RunConfig(seed=2).run_id, LECTURER)
