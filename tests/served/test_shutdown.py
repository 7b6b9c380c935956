"""Ctrl-C while a race trains, or while workers start: the server ends quietly, and the race can continue later."""

import asyncio
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow


def test_ctrl_c_ends_the_server_quietly_and_loses_no_batch(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log) as (address, server):
        asyncio.run(_start_a_long_race(address))
        _press_ctrl_c(server)
    _check_quiet(log)
    store = RunStore(tmp_path)
    for config in race(RunConfig(epochs=200, learning_rate=0.05)):
        run, checkpoint = store.run(config.run_id), store.checkpoint(config.run_id)
        assert run is not None
        assert run.status is Status.RUNNING, "the race does not continue after a restart"
        assert checkpoint is not None
        assert store.settled(config.run_id), "the last checkpoint misses batches"


def test_ctrl_c_while_the_workers_start_ends_the_server_quietly(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log) as (address, server):
        asyncio.run(_visit_until_imports(address, server))
        _press_ctrl_c(server)
    _check_quiet(log)


def _press_ctrl_c(server: "subprocess.Popen[bytes]") -> None:
    """Send the signal to every process of the server, as a terminal does, and wait until all have ended."""
    process = psutil.Process(server.pid)
    family = process.children(recursive=True)
    for one in (*family, process):
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGINT)
    assert server.wait(timeout=PATIENCE_SECONDS) == 0
    psutil.wait_procs(family, timeout=PATIENCE_SECONDS)


def _check_quiet(log: Path) -> None:
    text = log.read_text()
    assert "Stopping" in text
    assert "Traceback" not in text, text
    assert "ERROR" not in text, text


def _is_importing(server: "subprocess.Popen[bytes]") -> bool:
    """Return True if a child of the server has used so much processor time that Python itself has started."""
    for child in psutil.Process(server.pid).children():
        with suppress(psutil.NoSuchProcess):
            if child.cpu_times().user > 0.4:
                return True
    return False


async def _visit_until_imports(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Stay on the first page until the process that makes the workers imports torch, which takes about two seconds."""
    async with visitor(address):
        await asyncio.to_thread(wait_until, lambda: _is_importing(server), lambda: "no process was started")


async def _start_a_long_race(address: str) -> None:
    async with visitor(address, "train", "epochs-digits=200") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        # A run without a batch has no checkpoint.
        await tab.until(lambda tab: len(re.findall(r"running: [1-9][\d,]* of", tab.text())) >= 2)
