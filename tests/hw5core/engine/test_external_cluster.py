"""A race on an existing Dask cluster, started as docs/operating.md says: it survives the death of a worker."""

import json
import os
import re
import signal
import subprocess
import sys
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
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over
from tests.networks import STATEFUL
from tools.live import free_port
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[3]
CONFIGS = race(RunConfig(network=STATEFUL, epochs=6, seed=3))


def _documented(program: str) -> str:
    """Return the shell commands with which the documentation starts this program, without TLS."""
    text = (REPOSITORY / "docs" / "operating.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if f"dask {program}" in block and "tls" not in block)


@contextmanager
def _started(commands: str, *more: str) -> Iterator[None]:
    """Run the commands in a shell at the root of the repository, with more arguments for the last one."""
    here = commands.rstrip().replace(".venv/bin/dask", f'"{sys.executable}" -m dask')
    assert "PYTHONPATH" not in os.environ, "the cluster must not need this test's own PYTHONPATH"
    process = subprocess.Popen(
        ["sh", "-c", f'{here} "$@"', "sh", *more], cwd=REPOSITORY, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        # The session contains the processes that Dask's nannies started.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _scheduler(folder: Path, port: int) -> Iterator[str]:
    """Start a scheduler on loopback at this port, and return its address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    commands = _documented("scheduler").replace("8786", str(port))
    with _started(commands, "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)):
        wait_until(lambda: file.exists() and file.read_text(), lambda: "the scheduler does not start")
        yield json.loads(file.read_text())["address"]


@contextmanager
def _worker(address: str, folder: Path) -> Iterator[None]:
    commands = _documented("worker").replace("tcp://scheduler.example.edu:8786", address)
    with _started(commands, "--no-dashboard", "--local-directory", str(folder)):
        yield


def _engine(address: str, store: RunStore, workers: int, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine on the cluster, once this number of workers has joined it."""
    monkeypatch.setenv("HW5_SCHEDULER", address)
    engine = Engine(store)
    with client_of(engine) as client:
        wait_until(lambda: len(client.nthreads()) == workers, lambda: f"the workers are {set(client.nthreads())}")
    return engine


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers."""
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        address = stack.enter_context(_scheduler(folder, free_port()))
        for number in range(2):
            stack.enter_context(_worker(address, folder / str(number)))
        yield address


def test_a_race_survives_the_death_of_a_worker_and_ends_with_the_same_numbers(
    cluster: str, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(cluster, store, 2, monkeypatch)
    victim = CONFIGS[0]
    try:
        engine.start(CONFIGS)
        with client_of(engine) as client:
            worker = process_of(client, victim)
            wait_for(store, victim, lambda history: len(history.epochs) >= 1)
            os.kill(worker, signal.SIGKILL)
        histories = [wait_until_over(store, config) for config in CONFIGS]
    finally:
        engine.close()
    assert [history.status for history in histories] == [Status.FINISHED] * 2
    for config in CONFIGS:
        assert numbers(store.records(config.run_id)[0]) == undisturbed(config)
    assert histories[0].run.attempt == 2, "the run did not continue from its checkpoint"


def test_a_stopped_run_frees_its_worker(cluster: str, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(network=STATEFUL, epochs=200, seed=4)
    engine = _engine(cluster, store, 2, monkeypatch)
    try:
        engine.start([config])
        wait_for(store, config, lambda history: len(history.losses) > 0)
        engine.stop(config.run_id)
        wait_for(store, config, lambda history: store.settled(history.run_id))
        with client_of(engine) as client:
            wait_until(
                lambda: not any(client.run(_executes, config.run_id).values()),
                lambda: "a worker still trains a stopped run",
            )
    finally:
        engine.close()


def _executes(run_id: str, dask_worker: object = None) -> bool:
    tasks = dask_worker.state.executing  # type: ignore[attr-defined]
    return any(run_id in str(task.key) for task in tasks)


def test_a_cluster_without_training_workers_is_an_error_and_a_run_survives_the_restart_of_a_cluster(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cluster must be gone before the run ends.
    config, port = replace(CONFIGS[0], epochs=8), free_port()
    with _scheduler(tmp_path, port) as address:
        engine = _engine(address, store, 0, monkeypatch)
        with pytest.raises(EngineError, match="--resources"):
            engine.start([config])
        with _worker(address, tmp_path):
            # The first worker to join trains.
            wait_until(lambda: _starts(engine, config), lambda: "the engine does not find the cluster")
            wait_for(store, config, lambda history: len(history.epochs) >= 1)
    try:
        lost = wait_until_over(store, config)
        assert lost.status is Status.FAILED
        assert "connection to its workers was lost" in lost.message
        with _scheduler(tmp_path, port) as again, _worker(again, tmp_path):
            wait_until(lambda: _starts(engine, config), lambda: "the engine does not find the cluster")
            assert wait_until_over(store, config).status is Status.FINISHED
    finally:
        engine.close()
    assert numbers(store.records(config.run_id)[0]) == undisturbed(config)


def _starts(engine: Engine, config: RunConfig) -> bool:
    try:
        engine.start([config])
    except EngineError:
        return False
    return True
