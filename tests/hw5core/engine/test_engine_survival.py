"""kill -9, for real, of a worker, of the server, of both: the run goes on and ends with the numbers it would have had.

Also what two servers on one store owe each other, and what a run's owner may do with it.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from hw5core.engine.cluster import worker_count
from hw5core.engine.limits import OWN
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import process_of, workers_of
from tests.hw5core.histories import PATIENCE_SECONDS, numbers, undisturbed, wait_for, wait_until_over

pytestmark = pytest.mark.slow

# Dropout, batch normalisation and momentum carry state from step to step; wide enough for an epoch to be caught midway.
NETWORK = "1x28x28 conv16k3p1 relu avgpool2 bn conv48k3p1 relu avgpool2 flatten dropout0.1 linear50 relu linear10"
CONFIG = RunConfig(network=NETWORK, epochs=4, momentum=0.5)
EPOCH = CONFIG.steps_per_epoch


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return undisturbed(CONFIG)


def _children(pid: int) -> list[int]:
    """Each thread has its own list of them: Dask starts its workers from another one than the main thread."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def _is_gone(pid: int) -> bool:
    """Whether the process has ended: one that waits for its parent to take note has, too."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def _another_server(store: RunStore, config: RunConfig) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.hw5core.serving", str(store.folder), json.dumps([asdict(config)])]
    server = subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[3])
    try:
        yield server
    finally:
        for pid in [*(_children(server.pid) if server.poll() is None else []), server.pid]:
            if not _is_gone(pid):
                os.kill(pid, signal.SIGKILL)
        server.wait()


def test_a_killed_workers_run_ends_the_same(lab: Lab, expected: dict[str, Any]) -> None:
    engine, store, client = lab
    engine.start([CONFIG])
    wait_for(store, CONFIG, lambda history: EPOCH < len(history.losses) % (2 * EPOCH) < 2 * EPOCH)
    os.kill(process_of(client, CONFIG), signal.SIGKILL)
    story = wait_until_over(store, CONFIG)
    assert story.status is Status.FINISHED
    assert story.run.attempt == 2
    assert numbers(store.records(CONFIG.run_id)[0]) == expected
    engine.delete(CONFIG.run_id)


@pytest.mark.skipif(worker_count() < 2, reason="one core has one worker")
def test_a_race_trains_side_by_side_however_busy_a_worker_is_and_after_one_died(
    lab: Lab,
) -> None:
    engine, store, client = lab
    configs = race(replace(CONFIG, seed=40, epochs=200))
    busy = next(iter(client.nthreads()))
    errands = [client.submit(time.sleep, 0.1, workers=[busy], pure=False) for _ in range(30)]
    engine.start(configs)
    for config in configs:
        wait_for(store, config, lambda history: len(history.losses) > 0)
    assert len({process_of(client, config) for config in configs}) == 2
    os.kill(process_of(client, configs[0]), signal.SIGKILL)
    wait_for(store, configs[0], lambda history: history.run.attempt == 2)
    assert store.run(configs[1].run_id).status is Status.RUNNING  # type: ignore[union-attr]
    assert len({process_of(client, config) for config in configs}) == 2
    client.cancel(errands)
    for config in configs:
        engine.delete(config.run_id)


@pytest.mark.parametrize("with_workers", [False, True], ids=["server", "server and workers"])
def test_a_killed_servers_run_is_taken_over_and_ends_the_same(
    lab: Lab, expected: dict[str, Any], with_workers: bool
) -> None:
    engine, store, client = lab
    with _another_server(store, CONFIG) as server:
        wait_for(store, CONFIG, lambda history: len(history.losses) > 0)
        engine.start([CONFIG])
        assert not workers_of(client, CONFIG), "a run that a living server trains was begun a second time"
        wait_for(store, CONFIG, lambda history: len(history.losses) > EPOCH)
        workers = _children(server.pid)
        assert len(workers) >= worker_count()
        for pid in [server.pid, *(workers if with_workers else [])]:
            os.kill(pid, signal.SIGKILL)
        server.wait()
        engine.start([CONFIG])
        story = wait_until_over(store, CONFIG)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(map(_is_gone, workers)):
            assert time.monotonic() < deadline, "the killed server's workers live on"
            time.sleep(0.1)
    assert story.status is Status.FINISHED
    assert story.run.attempt == 2
    assert numbers(store.records(CONFIG.run_id)[0]) == expected
    engine.delete(CONFIG.run_id)


def test_a_paused_run_keeps_its_last_step_and_goes_on_from_it(lab: Lab, expected: dict[str, Any]) -> None:
    engine, store, _client = lab
    engine.start([CONFIG], "mine")
    wait_for(store, CONFIG, lambda history: len(history.losses) > 20)
    engine.pause(CONFIG.run_id, "mine")
    paused = wait_for(store, CONFIG, lambda history: _checkpoint_step(store) == len(history.losses))
    assert paused.status is Status.PAUSED
    assert len(paused.losses) < CONFIG.total_steps
    engine.start([CONFIG], "yours")
    run = store.run(CONFIG.run_id)
    assert run is not None
    assert run.status is Status.PAUSED, "somebody else's start undid the pause"
    engine.start([CONFIG], "mine")
    assert wait_until_over(store, CONFIG).status is Status.FINISHED
    assert numbers(store.records(CONFIG.run_id)[0]) == expected
    engine.delete(CONFIG.run_id)


def _checkpoint_step(store: RunStore) -> int:
    checkpoint = store.checkpoint(CONFIG.run_id)
    return checkpoint.step if checkpoint else -1


def test_another_process_stops_and_deletes_a_run_that_this_one_trains(lab: Lab) -> None:
    engine, store, client = lab
    stopped, deleted = (replace(CONFIG, epochs=100, seed=seed) for seed in (101, 102))
    for config, wish in ((stopped, "stop"), (deleted, "delete")):
        engine.start([config])
        wait_for(store, config, lambda history: len(history.losses) > 0)
        # Another process has a store object of its own, and no engine that knows the run.
        elsewhere = RunStore(store.folder)
        elsewhere.halt(config.run_id, Status.STOPPED) if wish == "stop" else elsewhere.delete(config.run_id)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while workers_of(client, config):
            assert time.monotonic() < deadline, f"a run was trained on after {wish}"
            time.sleep(0.05)
    assert store.run(deleted.run_id) is None
    assert store.records(deleted.run_id)[0] == []
    kept = wait_until_over(store, stopped)
    assert kept.status is Status.STOPPED
    assert len(kept.losses)
    engine.delete(stopped.run_id)


def test_what_does_not_fit_waits_in_line_up_to_a_cap(lab: Lab) -> None:
    engine, store, _client = lab
    slots = worker_count()
    configs = [replace(CONFIG, epochs=100, seed=200 + number) for number in range(slots + OWN.waiting_per_owner + 1)]
    running, waiting, one_too_many = configs[:slots], configs[slots:-1], configs[-1]
    engine.start([*running, *waiting], "mine")
    assert [engine.place(config.run_id) for config in running] == [None] * slots
    assert [engine.place(config.run_id) for config in waiting] == list(range(1, OWN.waiting_per_owner + 1))
    with pytest.raises(EngineError, match="at most 9 may wait"):
        engine.start([one_too_many], "mine")
    engine.start([one_too_many], "somebody else's")
    engine.stop(waiting[0].run_id, "mine")
    assert engine.place(one_too_many.run_id) == OWN.waiting_per_owner
    with pytest.raises(EngineError, match="session that started"):
        engine.stop(running[0].run_id, "somebody else's")
    engine.stop(running[0].run_id, "mine")
    # The freed worker takes the next in line, and everyone moves up.
    assert engine.place(waiting[1].run_id) is None
    assert engine.place(waiting[2].run_id) == 1
    wait_for(store, waiting[1], lambda history: history.status is Status.RUNNING)
    for config in configs:
        engine.delete(config.run_id)


def test_what_is_planned_gives_way_to_what_waits(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, store, _client = lab
    slots = worker_count()
    configs = [replace(CONFIG, epochs=100, seed=300 + number) for number in range(slots + 3)]
    running, first, second, urgent = configs[:slots], configs[slots], configs[slots + 1], configs[slots + 2]
    engine.plan([*running, first, second], "mine")
    engine.plan([first], "somebody else's")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(engine.planned()) > 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert engine.planned() == {first.run_id: "mine", second.run_id: "mine"}
    assert store.run(first.run_id) is None
    for config in running:
        wait_for(store, config, lambda history: history.run.attempt > 0)
        assert store.owners(config.run_id) == {"mine"}
    monkeypatch.setattr("hw5core.engine.limits.OWN", replace(OWN, planned_per_owner=2))
    with pytest.raises(EngineError, match="at most 2"):
        engine.plan([urgent], "mine")
    engine.start([urgent], "somebody else's")
    engine.stop(running[0].run_id, "mine")
    # The freed worker took what was asked for, not what was planned before it.
    assert engine.place(urgent.run_id) is None
    assert store.run(first.run_id) is None
    engine.withdraw([second.run_id], "somebody else's")
    assert second.run_id in engine.planned()
    engine.withdraw([second.run_id], "mine")
    engine.stop(urgent.run_id, "somebody else's")
    while engine.planned():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert store.owners(first.run_id) == {"mine"}
    # Asked for by itself, a planned run stands in the line of those that wait.
    engine.plan([second], "mine")
    engine.start([second], "somebody else's")
    assert (engine.place(second.run_id), engine.planned()) == (1, {})
    for config in configs:
        engine.delete(config.run_id)


def test_a_full_disk_stops_the_training_and_room_lets_it_go_on_the_same(
    lab: Lab, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, client = lab
    connect = sqlite3.connect

    def connect_to_full_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        # SQLite takes the file's present size for the least: from here on it cannot grow.
        database.execute("PRAGMA max_page_count=1")
        return database

    # What other tests deleted left room inside the file.
    with closing(connect(store.path)) as database:
        database.execute("VACUUM")
    engine.start([CONFIG])
    wait_for(store, CONFIG, lambda history: len(history.losses) > EPOCH)
    with monkeypatch.context() as full:
        full.setattr(sqlite3, "connect", connect_to_full_disk)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not engine.trouble:
            assert time.monotonic() < deadline, "training went on though nothing could be kept"
            time.sleep(0.02)
        assert "the disk is full" in engine.trouble
        assert not workers_of(client, CONFIG)
    engine.start([CONFIG])
    assert wait_until_over(store, CONFIG).status is Status.FINISHED
    assert engine.trouble == ""
    assert numbers(store.records(CONFIG.run_id)[0]) == expected
    engine.delete(CONFIG.run_id)


def test_fifty_who_ask_at_once_watch_one_run(lab: Lab) -> None:
    from concurrent.futures import ThreadPoolExecutor

    engine, store, _client = lab
    configs = race(RunConfig(network="1x28x28 flatten relu linear10", epochs=2, seed=50))
    with ThreadPoolExecutor(50) as sessions:
        list(sessions.map(lambda owner: engine.start(configs, str(owner)), range(50)))
    stories = [wait_until_over(store, config) for config in configs]
    assert [story.run.attempt for story in stories] == [1, 1]
    assert all(len(store.owners(config.run_id)) == 1 for config in configs)
