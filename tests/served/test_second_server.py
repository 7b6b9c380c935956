"""Two servers share a store: a page of the second one follows a race of the first, and continues it when that dies."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

SETTINGS = RunConfig(epochs=200, seed=4)


@pytest.mark.parametrize("page", ["train", "sweep"])
def test_an_open_page_continues_what_a_killed_server_has_trained(tmp_path: Path, workers: str, page: str) -> None:
    cluster = {"HW5_SCHEDULER": workers}
    with (
        serving(tmp_path, tmp_path / "first.log", cluster) as (first, process),
        serving(tmp_path, tmp_path / "second.log", cluster) as (second, _),
    ):
        asyncio.run(_kill_the_first(first, process, second, page, RunStore(tmp_path)))


async def _kill_the_first(
    first: str, process: "subprocess.Popen[bytes]", second: str, page: str, store: RunStore
) -> None:
    query = f"epochs-digits={SETTINGS.epochs}&seed={SETTINGS.seed}&seeds=1&learning-rates={SETTINGS.learning_rate}"
    async with visitor(second, page, query) as student:
        await student.until_drawn(1)
        async with visitor(first, page, query) as lecturer:
            await lecturer.until_drawn(1)
            await lecturer.press("Start the race" if page == "train" else "Start the sweep")
            await _until_batches(store, 100)
        await student.until(lambda tab: " is running" in tab.text())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        requests = student.requests
        # The last batches of the killed server may be trained again.
        await _until_batches(store, _batches(store) + 500)
        await student.until(lambda tab: " is running" in tab.text())
        assert student.requests == requests, "the page has asked again by itself"
        assert not student.exceptions


async def _until_batches(store: RunStore, batches: int) -> None:
    await asyncio.to_thread(wait_until, lambda: _batches(store) > batches, lambda: _batches(store))


def _batches(store: RunStore) -> int:
    """Return the number of batches of the race in the store."""
    histories = [Follower(store, config.run_id).read() for config in race(SETTINGS)]
    return sum(len(history.losses) for history in histories if history)
