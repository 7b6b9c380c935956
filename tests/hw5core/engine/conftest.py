"""What the engine's tests share: an engine with real workers, its store, and a client that looks at the workers."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from distributed import Client

from hw5core.engine.engine import Engine
from hw5core.store.store import RunStore
from tests.hw5core.engine.workers import client_of


class Lab(NamedTuple):
    engine: Engine
    store: RunStore
    client: Client


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One engine for all tests of a file. Each test has its own runs."""
    store = RunStore(tmp_path_factory.mktemp("store"))
    engine = Engine(store)
    with client_of(engine) as client:
        yield Lab(engine, store, client)
    engine.close()


@pytest.fixture(autouse=True)
def no_run_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delete what a test leaves behind, even if it fails: a run that trains would keep the next test from a worker."""
    yield
    if "lab" not in request.fixturenames:
        return
    engine, store, _ = request.getfixturevalue("lab")
    engine.withdraw(engine.planned())
    for run, _ in store.newest(1000):
        if not run.status.over:
            engine.delete(run.run_id)
