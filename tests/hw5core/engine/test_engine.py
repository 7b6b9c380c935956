"""The engine with real workers: a race trains once and is replayed; runs pause, stop, and fail with a reason."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from hw5core.engine.engine import Engine
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import accuracy_lines
from hw5core.runs.run import Status
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import workers_of
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over
from tests.networks import STATEFUL
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

SMALL = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)
STEADY = RunConfig(network=STATEFUL, epochs=5, momentum=0.5)
LONG = RunConfig(network=STATEFUL, epochs=200)
PLANNED = RunConfig(network=SMALL.network, epochs=1, seed=7)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """The numbers of STEADY."""
    return undisturbed(STEADY)


def test_a_race_trains_once_and_is_replayed(lab: Lab) -> None:
    engine, store, _ = lab
    configs = race(SMALL)
    for _ in range(5):
        engine.start(configs)
    for config in configs:
        history = wait_until_over(store, config)
        assert (history.status, history.run.attempt) == (Status.FINISHED, 1)
        assert len(history.losses) == config.total_steps
        assert [line.rsplit(" ", 1)[0] for line in accuracy_lines(history)] == [
            f"{config.label} accuracy of epoch {epoch}:" for epoch in range(2)
        ]
    engine.start(configs)
    again = store.run(configs[0].run_id)
    assert again is not None
    assert (again.status, again.attempt) == (Status.FINISHED, 1)


def test_a_paused_run_keeps_its_last_batch_and_continues_with_the_same_numbers(
    lab: Lab, expected: dict[str, Any]
) -> None:
    engine, store, _ = lab
    engine.start([STEADY], "mine")
    wait_for(store, STEADY, lambda history: len(history.losses) > 20)
    engine.pause(STEADY.run_id, "mine")
    paused = wait_for(store, STEADY, lambda _: store.settled(STEADY.run_id))
    assert paused.status is Status.PAUSED
    assert len(paused.losses) < STEADY.total_steps
    engine.start([STEADY], "yours")
    engine.join([STEADY], "mine")  # by a page that was drawn before the pause
    run = store.run(STEADY.run_id)
    assert run is not None
    assert run.status is Status.PAUSED, "somebody else's start or an older page ended the pause"
    engine.start([STEADY], "mine")
    assert wait_until_over(store, STEADY).status is Status.FINISHED
    assert numbers(store.records(STEADY.run_id)[0]) == expected
    engine.delete(STEADY.run_id)


@pytest.mark.parametrize("action", ["stop", "delete"])
def test_a_run_that_another_process_stops_or_deletes_frees_its_worker(lab: Lab, action: str) -> None:
    engine, store, client = lab
    engine.start([LONG])
    wait_for(store, LONG, lambda history: len(history.losses) > 0)
    # Another process has its own store object, and no engine that knows the run.
    elsewhere = RunStore(store.folder)
    if action == "stop":
        elsewhere.halt(LONG.run_id, Status.STOPPED)
    else:
        elsewhere.delete(LONG.run_id)
    wait_until(lambda: not workers_of(client, LONG), lambda: f"a worker still trains a run after {action}")
    run = store.run(LONG.run_id)
    if action == "stop":
        assert run is not None
        assert run.status is Status.STOPPED
        assert store.records(LONG.run_id)[0]
        engine.delete(LONG.run_id)
    else:
        assert run is None
        assert store.records(LONG.run_id)[0] == []


def test_the_engine_refuses_what_a_guest_may_not_do(lab: Lab) -> None:
    """The actions of each user in each state are tested in tests/hw5core/store/test_permissions.py."""
    engine, store, _ = lab
    config = RunConfig(network=STATEFUL, seed=70)
    run_id = config.run_id
    store.claim(config, "a server that has ended", "owner")
    store.halt(run_id, Status.STOPPED, "owner")
    store.claim(config, "a server that has ended", "resumer")
    refused: dict[str, list[tuple[Callable[[str], None], str]]] = {
        "stranger": [
            (partial(engine.pause, run_id), "resumed this run last"),
            (partial(engine.stop, run_id), "resumed this run last"),
            (partial(engine.rename, run_id, "name"), "first started"),
            (partial(engine.delete, run_id), "first started"),
        ],
        "resumer": [
            (partial(engine.rename, run_id, "name"), "first started"),
            (partial(engine.delete, run_id), "first started"),
        ],
        "owner": [
            (partial(engine.pause, run_id), "resumed this run last"),
            (partial(engine.stop, run_id), "resumed this run last"),
            (partial(engine.delete, run_id), "while nobody else trains it"),
        ],
    }
    for who, actions in refused.items():
        for action, reason in actions:
            with pytest.raises(EngineError, match=reason):
                action(who)
    engine.rename(run_id, "mine", "owner")
    engine.pause(run_id, "resumer")
    for who in ("owner", "stranger"):
        engine.start([config], who)
        with pytest.raises(EngineError, match="by the person who paused it"):
            engine.step([config], who)
    run = store.run(run_id)
    assert run is not None
    assert (run.name, run.status, run.controller) == ("mine", Status.PAUSED, "resumer")
    engine.stop(run_id, LECTURER)
    engine.delete(run_id, "owner")
    for who in ("resumer", "stranger"):
        with pytest.raises(EngineError, match="may undo its deletion"):
            engine.restore(run_id, who)
    engine.restore(run_id, "owner")
    engine.delete(run_id)
    with pytest.raises(EngineError, match="may undo its deletion"):
        engine.restore(run_id, "owner")
    engine.restore(run_id, LECTURER)
    engine.delete(run_id, LECTURER)


def test_a_full_disk_stops_the_training_and_it_continues_by_itself_with_the_same_numbers(
    lab: Lab, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, client = lab
    connect = sqlite3.connect

    def connect_to_full_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        # SQLite does not go below the file's present size: from here on the file cannot grow.
        database.execute("PRAGMA max_page_count=1")
        return database

    # Runs that other tests deleted have left free pages in the file.
    with closing(connect(store.path)) as database:
        database.execute("VACUUM")
    engine.start([STEADY])
    wait_for(store, STEADY, lambda history: len(history.epochs) >= 1)
    with monkeypatch.context() as full:
        full.setattr(sqlite3, "connect", connect_to_full_disk)
        trouble = wait_until(lambda: engine.trouble, lambda: "training continues though nothing can be stored")
        assert "the disk is full" in trouble
        wait_until(lambda: not workers_of(client, STEADY), lambda: "a worker still trains the run")
        engine.plan([PLANNED])
        wait_until(lambda: not engine.planned(), lambda: "the planned run was not tried")
    # Nobody asks for the runs again.
    assert wait_until_over(store, PLANNED).status is Status.FINISHED
    assert wait_until_over(store, STEADY).status is Status.FINISHED
    assert engine.trouble == ""
    assert numbers(store.records(STEADY.run_id)[0]) == expected
    engine.delete(STEADY.run_id)


def test_a_run_without_its_data_fails_with_the_reason(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW5_DATA", raising=False)
    # Nothing listens there, as on a laptop without a network. The workers inherit the environment.
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    engine = Engine(store)
    try:
        config = RunConfig(dataset="fashion")
        engine.start([config])
        history = wait_until_over(store, config)
    finally:
        engine.close()
    assert history.status is Status.FAILED
    assert "FashionMNIST could not be downloaded" in history.message
    assert "the proxy of this machine does not connect" in history.message
    assert "built-in digits" in history.message


def test_a_scheduler_that_does_not_reply_is_an_error(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_SCHEDULER", "tcp://127.0.0.1:9")
    monkeypatch.setattr("hw5core.engine.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(EngineError, match="HW5_SCHEDULER"):
        Engine(store)
    assert not list(store.folder.glob("servers/*")), "a server that did not start counts as present"
