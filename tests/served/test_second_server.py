"""Two servers share a store: a page of the second one follows a race of the first, and continues it when that dies."""

import asyncio
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hw5core.runs.config import RunConfig
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tests.networks import SLOW
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

LONG = RunConfig(network=SLOW, epochs=200, learning_rate=0.05)
SETTINGS = {"train": replace(LONG, seed=4), "sweep": replace(LONG, seed=5)}
START = {"train": "Start the race", "sweep": "Start the sweep"}


def test_open_pages_continue_what_a_killed_server_has_trained(tmp_path: Path, workers: str) -> None:
    cluster = {"HW5_SCHEDULER": workers}
    with (
        serving(tmp_path, tmp_path / "first.log", cluster) as (first, process),
        serving(tmp_path, tmp_path / "second.log", cluster) as (second, _),
    ):
        asyncio.run(_kill_the_first(first, process, second, RunStore(tmp_path)))


async def _kill_the_first(first: str, process: "subprocess.Popen[bytes]", second: str, store: RunStore) -> None:
    async with (
        visitor(second, "train", _query("train")) as race_tab,
        visitor(second, "sweep", _query("sweep")) as sweep_tab,
    ):
        students = {"train": race_tab, "sweep": sweep_tab}
        for page, student in students.items():
            student.repeats = False
            await student.until_drawn(1)
            async with visitor(first, page, _query(page)) as lecturer:
                await lecturer.until_drawn(1)
                await lecturer.press(START[page])
                await student.until(lambda tab: " is running" in tab.text())
        await _until_batches(store, "sweep", 50)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for page, student in students.items():
            # The last batches of the killed server may be trained again.
            await _until_batches(store, page, _batches(store, page) + 100)
            # The page follows what the second server trains.
            seen = student.text()
            await student.until(lambda tab, seen=seen: " is running" in tab.text() != seen)  # type: ignore[misc]
            assert not student.exceptions


def _query(page: str) -> str:
    config = SETTINGS[page]
    # One network each, so that both have a worker.
    chosen = {"activations": "relu", "seeds": 1, "learning-rates-digits": config.learning_rate, "seed": config.seed}
    return urlencode({"network": config.network, "epochs-digits": config.epochs} | chosen)


async def _until_batches(store: RunStore, page: str, batches: int) -> None:
    await asyncio.to_thread(wait_until, lambda: _batches(store, page) > batches, lambda: _batches(store, page))


def _batches(store: RunStore, page: str) -> int:
    """Return the number of batches of this page's run in the store."""
    history = Follower(store, SETTINGS[page].run_id).read()
    return len(history.losses) if history else 0
