"""Look at the workers of an engine through a Dask client of the test's own."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client

from hw5core.engine.engine import Engine
from hw5core.runs.config import RunConfig
from tests.hw5core.histories import PATIENCE_SECONDS


@contextmanager
def client_of(engine: Engine) -> Iterator[Client]:
    """Connect to the engine's scheduler."""
    client = Client(engine.scheduler_address, set_as_default=False)
    try:
        yield client
    finally:
        client.close()


def workers_of(client: Client, config: RunConfig) -> list[str]:
    """Return the addresses of the workers that have a training task of this run: one, or none."""
    tasks = client.processing()
    return [
        address for address, keys in tasks.items() if any(str(key).startswith(f"train-{config.run_id}") for key in keys)
    ]


def process_of(client: Client, config: RunConfig) -> int:
    """Wait until a worker trains the run, and return its process id."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for address in workers_of(client, config):
            pid = client.run(os.getpid, workers=[address], on_error="ignore").get(address)
            if pid is not None:
                return int(pid)
        time.sleep(0.02)
    raise AssertionError(f"no worker trains {config.label}")
