"""Look at the workers of an engine through a Dask client of the test's own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from distributed import Client

from hw5core.engine.engine import Engine
from hw5core.runs.config import RunConfig
from tools.waiting import wait_until


@contextmanager
def client_of(engine: Engine) -> Iterator[Client]:
    """Connect to the engine's scheduler."""
    client = engine.client()
    try:
        yield client
    finally:
        client.close()


def workers_of(client: Client, config: RunConfig) -> list[str]:
    """Return the addresses of the workers that have a training task of this run: one, or none."""
    prefix = f"train-{config.run_id}"
    return [
        address for address, keys in client.processing().items() if any(str(key).startswith(prefix) for key in keys)
    ]


def process_of(client: Client, config: RunConfig) -> int:
    """Wait until a worker trains the run, and return its process id."""

    def found() -> list[int]:
        return [
            pid
            for address in workers_of(client, config)
            for pid in client.run(os.getpid, workers=[address], on_error="ignore").values()
        ]

    return wait_until(found, lambda: f"no worker trains {config.label}", poll_seconds=0.02)[0]


def descendants(pid: int) -> list[int]:
    """Return the process ids of all processes that a process and its children have started."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def kill(*pids: int) -> None:
    """Kill these processes. One may end by itself just before, because another one was killed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def has_ended(pid: int) -> bool:
    """Return True if the process has ended, even if its parent has not noticed yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
