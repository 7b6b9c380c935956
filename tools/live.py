"""The app as a server of its own, and the system's Chromium (Playwright's own browser is not downloaded): what the
browser tests, the measurements and the screenshots stand on.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_ANSWER_SECONDS = 60
_SETTLE_MS = 120_000  # what a busy machine may need
_SETTLED = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]')"""


class LiveError(RuntimeError):
    """No browser, or a server that does not answer."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Raises LiveError where none is installed."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        raise LiveError(f"none of {', '.join(_NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def served(home: Path, log: Path | None = None) -> Iterator[str]:
    """The address of the app, served by a process of its own that keeps its files in `home` and writes its log."""
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
    """The same with the server's process; `environment` is added to this process's own, `script` may be another app's,
    and another `python` may serve the copy in another `folder`. Whoever ends it early has to wait for its end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
        process.wait(timeout=20)


def _once_it_answers(address: str, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LiveError("the server ended before it answered")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return address
        except OSError:
            time.sleep(0.1)
    raise LiveError(f"the server did not answer within {_ANSWER_SECONDS} s")


def settle(page: Page) -> None:
    """Wait until the page has come to rest: charts are drawn, and what PyTorch says of a network arrives, after the
    script has ended."""
    page.wait_for_function(_SETTLED, timeout=_SETTLE_MS)
    page.wait_for_timeout(1_500)
    page.wait_for_function(_SETTLED, timeout=_SETTLE_MS)
