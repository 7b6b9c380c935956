"""A real server per file and a real Chromium: a window on the app per test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tools.live import LiveError, served
from tools.live import chromium as system_chromium
from tools.waiting import PATIENCE_MS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, once per file: while it is open, its driver's event loop runs in this thread, and no other can.
    Where none is installed a developer sees a skip, and CI a failure."""
    try:
        with system_chromium() as browser:
            yield browser
    except LiveError as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file's server keeps its store."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[str]:
    """The address of the app, served by a process of its own, once per file."""
    with _served_without_complaint(server_home) as address:
        yield address


@contextmanager
def _served_without_complaint(home: Path) -> Iterator[str]:
    log = home / "server.log"
    with served(home, log) as address:
        yield address
        told = log.read_text()
    assert "Traceback" not in told, told


@pytest.fixture
def page(chromium: Browser, server: str) -> Iterator[Page]:
    """A window of its own."""
    with _window(chromium, server) as window:
        yield window


@pytest.fixture
def cold_page(chromium: Browser, home: Path) -> Iterator[Page]:
    """A window on a server that nobody has visited yet."""
    home.mkdir()
    with _served_without_complaint(home) as address, _window(chromium, address) as window:
        yield window


@contextmanager
def _window(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()
