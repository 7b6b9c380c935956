"""A real server and a real Chromium for each file, and a window for each test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tools.live import LiveError, serving
from tools.live import chromium as system_chromium
from tools.waiting import PATIENCE_MS

_NOTE_LINKS = """addEventListener('DOMContentLoaded', () => {
  const noted = new Set()
  const note = () => {
    for (const { href } of document.head.querySelectorAll('link[href]')) {
      if (!noted.has(href)) window.noteLink(href)
      noted.add(href)
    }
  }
  note()
  new MutationObserver(note).observe(document.head, { subtree: true, childList: true, attributeFilter: ['href'] })
})"""
"""Report the address of every icon, style sheet and preconnection of the page, each once."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Open the browser, once per file, because while it is open no other event loop can run in this thread.

    Without an installed browser, the tests fail in CI and are skipped elsewhere.
    """
    try:
        with system_chromium() as browser:
            yield browser
    except LiveError as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the server's store."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(server_home: Path, workers: str) -> Iterator[str]:
    """Serve the app, once per file, and return the address."""
    with _serve_without_errors(server_home, {"HW5_SCHEDULER": workers}) as address:
        yield address


@contextmanager
def _serve_without_errors(home: Path, environment: dict[str, str] | None = None) -> Iterator[str]:
    log = home / "server.log"
    with serving(home, log, environment) as (address, _):
        yield address
        text = log.read_text()
    assert "Traceback" not in text, text


@pytest.fixture
def page(chromium: Browser, server: str) -> Iterator[Page]:
    """Open a window without cookies of other tests."""
    with _window(chromium, server) as window:
        yield window


@pytest.fixture
def cold_page(chromium: Browser, home: Path) -> Iterator[Page]:
    """Open a window on a server without any earlier visit."""
    home.mkdir()
    with _serve_without_errors(home) as address, _window(chromium, address) as window:
        yield window


@pytest.fixture
def phone(chromium: Browser, server: str) -> Iterator[Page]:
    """Open a window of a phone: narrow, with touch and without a mouse."""
    with _window(chromium, server, width=390, height=844, has_touch=True, is_mobile=True) as window:
        yield window


@contextmanager
def _window(chromium: Browser, address: str, width: int = 1280, height: int = 1000, **options: bool) -> Iterator[Page]:
    """Open a window. At the end, check that none of its pages has sent a request to another origin."""
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    elsewhere = requests_to_other_origins(context, address)
    yield context.new_page()
    context.close()
    assert not elsewhere


def requests_to_other_origins(context: BrowserContext, address: str) -> set[str]:
    """Return the URLs of other origins that the context's pages use, which grows while they are open."""
    used: set[str] = set()

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.netloc and parts.netloc != urlsplit(address).netloc:
            used.add(url)

    context.on("request", lambda request: note(request.url))
    context.on("page", lambda page: page.on("websocket", lambda socket: note(socket.url)))
    # A browser without a screen loads no icon of its tab, so the page itself reports each link to a file.
    context.expose_function("noteLink", note)
    context.add_init_script(_NOTE_LINKS)
    return used
