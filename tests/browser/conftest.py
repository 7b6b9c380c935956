"""A real server, a real Chromium and a window for each file. Each test gets the window as if it was new."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

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


@pytest.fixture(scope="module")
def desktop(chromium: Browser, server: str) -> Iterator["Window"]:
    """Open a window that the file's tests use one after the other: in a new one, each page costs twice as much."""
    with _window(chromium, server) as window:
        yield window


@pytest.fixture
def page(desktop: "Window") -> Iterator[Page]:
    """Return the file's window, without anything of other tests."""
    yield desktop.cleared()
    desktop.check()


@pytest.fixture
def own_page(chromium: Browser, server: str) -> Iterator[Page]:
    """Open a window for a test that changes something for good, such as the clock."""
    with _window(chromium, server) as window:
        yield window.page


@pytest.fixture
def cold_page(chromium: Browser, home: Path) -> Iterator[Page]:
    """Open a window on a server without any earlier visit."""
    home.mkdir()
    with _serve_without_errors(home) as address, _window(chromium, address) as window:
        yield window.page


@pytest.fixture
def phone(chromium: Browser, server: str) -> Iterator[Page]:
    """Open a window of a phone: narrow, with touch and without a mouse."""
    with _window(chromium, server, {"width": 390, "height": 844}, has_touch=True, is_mobile=True) as window:
        yield window.page


@dataclass(frozen=True)
class Window:
    """A window at a server's address. `elsewhere` collects the URLs of other origins that its pages use."""

    page: Page
    address: str
    elsewhere: set[str]

    def cleared(self) -> Page:
        """Return the page as in a new window of the usual size: empty, without cookies, storage and permissions."""
        page, context = self.page, self.page.context
        for other in context.pages:
            if other is not page:
                other.close()
        if page.url.startswith(self.address):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.goto("about:blank")
        context.clear_cookies()
        context.clear_permissions()
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
        page.set_viewport_size(_DESKTOP)
        return page

    def check(self) -> None:
        """Check that no page has sent a request to another origin."""
        assert not self.elsewhere


_DESKTOP: ViewportSize = {"width": 1280, "height": 1000}


@contextmanager
def _window(chromium: Browser, address: str, viewport: ViewportSize = _DESKTOP, **options: bool) -> Iterator[Window]:
    """Open a window. At the end, check that none of its pages has sent a request to another origin."""
    context = chromium.new_context(base_url=address, viewport=viewport, **options)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    elsewhere = requests_to_other_origins(context, address)
    window = Window(context.new_page(), address, elsewhere)
    yield window
    context.close()
    window.check()


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
