"""Ctrl-C during a race: the server ends without errors, and no trained batch is lost."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tests.hw5core.engine.workers import children
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


def test_ctrl_c_ends_the_server_without_errors_and_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log) as (address, server):
        asyncio.run(_start_a_long_race(address))
        # A terminal sends the signal to all of its processes, so the workers get it too.
        for pid in (*children(server.pid), server.pid):
            os.kill(pid, signal.SIGINT)
        assert server.wait(timeout=PATIENCE_SECONDS) == 0
    text = log.read_text()
    assert "Stopping" in text
    assert "Traceback" not in text, text
    assert "ERROR" not in text, text
    store = RunStore(tmp_path)
    for config in race(RunConfig(epochs=200)):
        run, checkpoint = store.run(config.run_id), store.checkpoint(config.run_id)
        assert run is not None
        assert run.status is Status.RUNNING, "the race would not continue when a page asks for it"
        assert checkpoint is not None
        assert store.settled(config.run_id), "batches after the last checkpoint were lost"


async def _start_a_long_race(address: str) -> None:
    async with visitor(address, "train", "epochs-digits=200") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        # A run that has trained no batch has no checkpoint, and nothing to lose.
        await tab.until(lambda tab: len(re.findall(r"running: [1-9][\d,]* of", tab.text())) >= 2)
