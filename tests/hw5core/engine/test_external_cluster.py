"""The same race on a Dask cluster of somebody else's: a real scheduler and two workers, one of which dies midway."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hw5core.engine.engine import Engine
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tests.hw5core.engine.workers import client_of, process_of
from tests.hw5core.histories import PATIENCE_SECONDS, numbers, undisturbed, wait_for, wait_until_over

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[3]
CONFIGS = race(RunConfig(epochs=3, seed=3))

WORKER_OPTIONS = ("--nthreads", "2", "--resources", "train=1", "--no-dashboard")
"""What the README tells a department to start its workers with."""


@contextmanager
def _dask(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        # Its own session, so the processes that its nannies started go with it.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _scheduler(folder: Path, port: int = 0) -> Iterator[str]:
    """The address of a scheduler on loopback, on a free port unless one is named."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--scheduler-file", str(file)]
    with _dask("scheduler", *arguments):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not file.exists() or not file.read_text():
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        address = stack.enter_context(_scheduler(folder))
        for number in range(2):
            stack.enter_context(
                _dask("worker", address, *WORKER_OPTIONS, "--local-directory", str(folder / str(number)))
            )
        yield address


@pytest.fixture
def elsewhere(cluster: str, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("HW5_SCHEDULER", cluster)
    engine = Engine(store)
    with client_of(engine) as client:
        client.wait_for_workers(2, timeout=PATIENCE_SECONDS)
    yield engine
    engine.close()


def test_a_race_elsewhere_loses_a_worker_and_gives_the_same_numbers(elsewhere: Engine, store: RunStore) -> None:
    elsewhere.start(CONFIGS)
    victim = CONFIGS[0]
    epoch = victim.steps_per_epoch
    wait_for(store, victim, lambda history: epoch < len(history.losses) < 2 * epoch)
    with client_of(elsewhere) as client:
        os.kill(process_of(client, victim), signal.SIGKILL)
    for config in CONFIGS:
        assert wait_until_over(store, config).status is Status.FINISHED
        assert numbers(store.records(config.run_id)[0]) == undisturbed(config)
    run = store.run(victim.run_id)
    assert run is not None
    assert run.attempt == 2, "the second attempt began anew and not from the checkpoint"


def test_a_stopped_run_frees_its_worker_elsewhere_too(elsewhere: Engine, store: RunStore) -> None:
    config = RunConfig(epochs=100, seed=4)
    elsewhere.start([config])
    wait_for(store, config, lambda history: len(history.losses) > 0)
    elsewhere.stop(config.run_id)
    wait_for(store, config, lambda history: store.checkpoint(history.run_id) is not None)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with client_of(elsewhere) as client:
        while any(client.run(_executing, config.run_id).values()):
            assert time.monotonic() < deadline, "a worker still trains a stopped run"
            time.sleep(0.1)


def _executing(run_id: str, dask_worker: object = None) -> bool:
    tasks = dask_worker.state.executing  # type: ignore[attr-defined]
    return any(run_id in str(task.key) for task in tasks)


def test_a_cluster_without_a_worker_that_trains_is_a_sentence(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _scheduler(tmp_path) as address:
        monkeypatch.setenv("HW5_SCHEDULER", address)
        engine = Engine(store)
        try:
            with pytest.raises(EngineError, match="--resources"):
                engine.start(CONFIGS)
        finally:
            engine.close()


@contextmanager
def _cluster_of_one(folder: Path, port: int = 0) -> Iterator[str]:
    with (
        _scheduler(folder, port) as address,
        _dask("worker", address, *WORKER_OPTIONS, "--local-directory", str(folder)),
    ):
        yield address


def test_a_cluster_that_comes_back_is_found_again_and_the_run_goes_on(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough not to be at its end before the cluster is, however busy the machine.
    config = replace(CONFIGS[0], epochs=20)
    with _cluster_of_one(tmp_path) as address:
        monkeypatch.setenv("HW5_SCHEDULER", address)
        engine = Engine(store)
        with client_of(engine) as client:
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        engine.start([config])
        wait_for(store, config, lambda history: len(history.losses) > config.steps_per_epoch)
    try:
        lost = wait_until_over(store, config)
        assert lost.status is Status.FAILED
        assert "connection to its workers was lost" in lost.message
        with _cluster_of_one(tmp_path, port=int(address.rsplit(":", 1)[1])):
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _starts(engine, config):
                assert time.monotonic() < deadline, "the engine did not find the cluster again"
                time.sleep(0.5)
            wait_for(store, config, lambda history: history.status is Status.FINISHED)
    finally:
        engine.close()
    assert numbers(store.records(config.run_id)[0]) == undisturbed(config)


def _starts(engine: Engine, config: RunConfig) -> bool:
    try:
        engine.start([config])
    except EngineError:
        return False
    return True
