"""Ctrl-C while a race is trained: the server ends by itself and quietly, and the race rests where it was."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


def test_ctrl_c_is_quiet_and_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log) as (address, server):
        asyncio.run(_start_a_long_race(address))
        # A terminal sends it to every process that runs in it, the workers included.
        for pid in (*_children(server.pid), server.pid):
            os.kill(pid, signal.SIGINT)
        assert server.wait(timeout=PATIENCE_SECONDS) == 0
    told = log.read_text()
    assert "Stopping" in told
    assert "Traceback" not in told, told
    assert "ERROR" not in told, told
    store = RunStore(tmp_path)
    for config in race(RunConfig(epochs=200)):
        run, checkpoint = store.run(config.run_id), store.checkpoint(config.run_id)
        assert run is not None
        assert run.status is Status.RUNNING, "a race that was interrupted does not go on when it is asked for"
        assert checkpoint is not None
        assert store.settled(config.run_id), "batches were lost between the last checkpoint and the end"


async def _start_a_long_race(address: str) -> None:
    async with visitor(address, "train", "epochs-digits=200") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        # Both have trained batches: a run that has not begun has no checkpoint, and nothing to lose.
        await tab.until(lambda tab: len(re.findall(r"running: [1-9][\d,]* of", tab.text())) >= 2)


def _children(pid: int) -> list[int]:
    """Each thread has its own list of them: Dask starts its workers from another one than the main thread."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
