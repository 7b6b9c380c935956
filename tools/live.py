"""A real server of the app and the system's Chromium, for browser tests, measurements and screenshots."""

import os
import random
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.waiting import PATIENCE_MS, PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[1]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_returned_ports: set[int] = set()
_SETTLED = """() => {
  const settled = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]')
    && [...document.querySelectorAll('.stVegaLiteChart')].every(chart => chart.querySelector('.marks'))
  window.settledFrames = settled ? (window.settledFrames ?? 0) + 1 : 0
  return window.settledFrames > 30
}"""
"""Count the frames in a row in which the script has ended and every chart is drawn. True above 30."""


class LiveError(RuntimeError):
    """No browser is installed, or the server does not start."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the system's Chromium, since Playwright's own is not downloaded. Raises LiveError where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        raise LiveError(f"none of {', '.join(_NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def served(home: Path, log: Path | None = None) -> Iterator[str]:
    """Serve the app in a new process with `home` as its HW5_HOME, and yield the address. The log goes to `log`."""
    with serving(home, log) as (address, _):
        yield address


@contextmanager
def serving(
    home: Path,
    log: Path | None = None,
    environment: dict[str, str] | None = None,
    script: str = "app.py",
    python: Path | str = sys.executable,
    folder: Path = ROOT,
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve `script` in a new process, and yield its address and the process.

    `environment` adds variables, `python` is the interpreter, and `folder` is the working directory. A caller that
    ends the process early has to wait for its end.
    """
    port = free_port()
    command = [str(python), "-m", "streamlit", "run", script, "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1", "--server.port", str(port)],
        cwd=folder,
        env=os.environ | {"HW5_HOME": str(home)} | (environment or {}),
        stdout=log.open("w") if log else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _once_it_answers(f"http://127.0.0.1:{port}", process), process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def free_port() -> int:
    """Return a port that nothing uses. It is below those that the system gives to connections and to Dask's listeners,
    so nobody else takes it before the server does. Each call returns another one, and most other processes that call
    this choose among others."""
    for port in random.SystemRandom().sample(range(20_000 + os.getpid() % 20, 32_000, 20), 600):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _returned_ports:
                _returned_ports.add(port)
                return port
    raise LiveError("no free port")


def _once_it_answers(address: str, process: "subprocess.Popen[bytes]") -> str:
    def answers() -> bool:
        if process.poll() is not None:
            raise LiveError("the server ended before it answered")
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE_SECONDS).close()
            return True
        return False

    wait_until(answers, lambda: "the server does not answer")
    return address


def settle(page: Page) -> None:
    """Wait until the page's script has ended, all charts are drawn, and nothing has changed that for 30 frames."""
    page.evaluate("window.settledFrames = 0")
    page.wait_for_function(_SETTLED, timeout=PATIENCE_MS)
