"""kill -9 of a server that shares the store with another one: the other takes over, and the numbers stay the same."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from hw5core.engine.cluster import worker_count
from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import descendants, has_ended, kill, workers_of
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over
from tests.networks import STATEFUL
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

CONFIG = RunConfig(network=STATEFUL, epochs=5, momentum=0.5)


@contextmanager
def _another_server(store: RunStore, config: RunConfig) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.hw5core.serving", str(store.folder), json.dumps([asdict(config)])]
    server = subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[3])
    try:
        yield server
    finally:
        kill(*(descendants(server.pid) if server.poll() is None else []), server.pid)
        server.wait()


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return undisturbed(CONFIG)


@pytest.mark.parametrize("with_workers", [False, True], ids=["server", "server and workers"])
def test_another_server_continues_the_run_of_a_killed_one(
    lab: Lab, expected: dict[str, Any], with_workers: bool
) -> None:
    engine, store, client = lab
    with _another_server(store, CONFIG) as server:
        wait_for(store, CONFIG, lambda history: len(history.losses) > 0)
        workers = descendants(server.pid)
        assert len(workers) >= worker_count()
        engine.start([CONFIG])
        assert engine.place(CONFIG.run_id) is None
        assert CONFIG.run_id not in engine.ahead(CONFIG.run_id)[0]
        assert not workers_of(client, CONFIG), "a run was trained on two servers at once"
        wait_for(store, CONFIG, lambda history: len(history.epochs) >= 1)
        kill(server.pid, *(workers if with_workers else []))
        server.wait()
        engine.start([CONFIG])
        history = wait_until_over(store, CONFIG)
        wait_until(lambda: all(map(has_ended, workers)), lambda: "the killed server's workers still run")
    assert (history.status, history.run.attempt) == (Status.FINISHED, 2)
    assert numbers(store.records(CONFIG.run_id)[0]) == expected
    engine.delete(CONFIG.run_id)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are copies of another process only on Linux")
def test_workers_come_back_if_the_process_that_makes_them_is_killed(store: RunStore, expected: dict[str, Any]) -> None:
    with _another_server(store, CONFIG) as server:
        wait_for(store, CONFIG, lambda history: len(history.losses) > 0)
        kill(*descendants(server.pid))
        # The new one imports torch first. Until then, Dask waits for its first worker.
        makers = wait_until(lambda: _without_children(server.pid), lambda: "no process was started again")
        kill(*makers)
        history = wait_until_over(store, CONFIG)
    assert history.status is Status.FINISHED
    assert numbers(store.records(CONFIG.run_id)[0]) == expected


def _without_children(server: int) -> list[int]:
    """Return the process ids of the server's children that make workers and have not made any."""
    makers = []
    for child in psutil.Process(server).children():
        with suppress(psutil.NoSuchProcess):  # A killed child ends while this looks at it.
            if "forkserver" in " ".join(child.cmdline()) and not child.children():
                makers.append(child.pid)
    return makers
