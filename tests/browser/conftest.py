"""A real server and a real Chromium: a window on the app per test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tools.live import LiveError, served
from tools.live import chromium as system_chromium

PATIENCE_MS = 60_000  # what a busy machine may need


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, once per file: while it is open, its driver's event loop runs in this thread, and no other can.
    Where none is installed a developer sees a skip, and CI a failure."""
    try:
        with system_chromium() as browser:
            yield browser
    except LiveError as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the app, served by a process of its own with an empty store."""
    log = tmp_path / "server.log"
    with served(home, log) as address:
        yield address
        told = log.read_text()
    assert "Traceback" not in told, told


@pytest.fixture
def page(chromium: Browser, server: str) -> Iterator[Page]:
    """A window of its own."""
    context = chromium.new_context(base_url=server, viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()
