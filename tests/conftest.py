"""What every test stands on: an own HW5_HOME, and the real MNIST where HW5_DATA has it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hw5core.data import datasets
from hw5core.engine.engine import Engine
from hw5core.store.store import RunStore

WORKERS = {"engine", "idle", "workers"}
"""Fixtures that start worker processes: a test that stands on one takes seconds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts workers as slow; and begin with the files of slow tests, so that none is left over at the end,
    when nothing else is there to be run beside it."""
    for item in items:
        if WORKERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if any(item.iter_markers("slow")) or any(item.iter_markers("browser"))}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store and cache of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HW5_HOME", str(folder))
    monkeypatch.delenv("HW5_SCHEDULER", raising=False)
    return folder


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """As on a worker: more threads than that make a small step slower, many times so on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


@pytest.fixture
def engine(store: RunStore) -> Iterator[Engine]:
    """A real engine with real worker processes, writing to `store`."""
    running = Engine(store)
    yield running
    running.close()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder in HW5_DATA if the real MNIST lies there; otherwise a visible skip."""
    given = os.environ.get("HW5_DATA")
    if not given or not datasets.at_hand("mnist"):
        pytest.skip("HW5_DATA names no folder with the real MNIST")
    return Path(given)
