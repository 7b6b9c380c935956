"""Settings and fixtures of every test: its own HW5_HOME, one torch thread, repeatable examples, and the real MNIST.

Fixtures import torch and Dask themselves: the process that only distributes the tests does without them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from hw5core.data import datasets
from hw5core.store.store import RunStore

if TYPE_CHECKING:
    from hw5core.engine.engine import Engine

WORKERS = {"engine", "lab", "workers"}
"""Fixtures that start worker processes. A test that uses one takes seconds, so it is marked as slow."""

# How long an example takes depends on what else the machine does, so no example has a deadline. The same examples each
# time make a failure repeatable; `pytest --hypothesis-profile=random` looks for new ones.
_UNTIMED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("repeatable", _UNTIMED, derandomize=True)
hypothesis.settings.register_profile("random", _UNTIMED)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start workers as slow, and run files with slow tests first.

    A slow file that starts last would run alone while the other processes have nothing left to do.
    """
    for item in items:
        if WORKERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if any(item.iter_markers("slow")) or any(item.iter_markers("browser"))}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own folder for the store and the cache. No images are loaded yet."""
    folder = tmp_path / "home"
    datasets.loaded.cache_clear()
    monkeypatch.setenv("HW5_HOME", str(folder))
    monkeypatch.delenv("HW5_SCHEDULER", raising=False)
    return folder


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Train with one thread, as a worker does. More threads make a small step slower."""
    from hw5core.training.environment import use_one_thread

    use_one_thread()


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


@pytest.fixture
def engine(store: RunStore) -> "Iterator[Engine]":
    """An engine with worker processes that writes to `store`."""
    from hw5core.engine.engine import Engine

    running = Engine(store)
    yield running
    running.close()


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a cluster for this process's pages, and for its servers unless they start their own. Return its address.

    Starting workers takes longer than most tests. A client needs the cluster's certificate, so Dask's settings
    name it, here and in the environment of the servers.
    """
    import dask

    from hw5core.engine.cluster import Cluster

    folder = tmp_path_factory.mktemp("workers")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HW5_HOME", str(folder))
        environment.delenv("HW5_SCHEDULER", raising=False)
        cluster = Cluster(lambda _: None)
        with cluster.client() as client:
            address, security = client.scheduler.address, client.security
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        certificate.write_text(security.tls_client_cert)
        key.write_text(security.tls_client_key)
        files = {"ca-file": certificate, "client.cert": certificate, "client.key": key}
        for name, file in files.items():
            variable = f"DASK_DISTRIBUTED__COMM__TLS__{name.upper().replace('.', '__').replace('-', '_')}"
            environment.setenv(variable, str(file))
        with dask.config.set({f"distributed.comm.tls.{name}": str(file) for name, file in files.items()}):
            yield address
    cluster.close()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder in HW5_DATA if it has the real MNIST. Otherwise the test is skipped."""
    given = os.environ.get("HW5_DATA")
    if not given or not datasets.is_available("mnist"):
        pytest.skip("HW5_DATA names no folder with the real MNIST")
    return Path(given)
