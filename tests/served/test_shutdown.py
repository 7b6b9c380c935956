"""Ctrl-C while a race trains: the server ends quietly by itself, and the race can continue later."""

import asyncio
import re
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


def test_ctrl_c_ends_the_server_quietly_and_loses_no_batch(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log) as (address, server):
        asyncio.run(_start_a_long_race(address))
        # A terminal sends the signal to every process that runs in it, including the workers.
        process = psutil.Process(server.pid)
        for one in (*process.children(recursive=True), process):
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGINT)
        assert server.wait(timeout=PATIENCE_SECONDS) == 0
    text = log.read_text()
    assert "Stopping" in text
    assert "Traceback" not in text, text
    assert "ERROR" not in text, text
    store = RunStore(tmp_path)
    for config in race(RunConfig(epochs=200, learning_rate=0.05)):
        run, checkpoint = store.run(config.run_id), store.checkpoint(config.run_id)
        assert run is not None
        assert run.status is Status.RUNNING, "the race does not continue after a restart"
        assert checkpoint is not None
        assert store.settled(config.run_id), "the last checkpoint misses batches"


async def _start_a_long_race(address: str) -> None:
    async with visitor(address, "train", "epochs-digits=200") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        # A run without a batch has no checkpoint.
        await tab.until(lambda tab: len(re.findall(r"running: [1-9][\d,]* of", tab.text())) >= 2)
