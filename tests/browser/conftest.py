"""A real server, a real Chromium and a window for all files. Each test gets the window as if it was new.

They are expensive, so all tests of this folder share them: in a new window, the first page costs about three times as
much, because the browser compiles Streamlit's scripts again. The empty `__init__.py` makes the folder a package, so
pytest closes them before the tests of other folders.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, ViewportSize, expect

from hw5core.store.store import RunStore
from tools.live import LiveError, serving
from tools.live import chromium as system_chromium
from tools.waiting import PATIENCE_MS

_NOTE_LINKS = """addEventListener('DOMContentLoaded', () => {
  const noted = new Set()
  const note = () => {
    for (const { href } of document.head.querySelectorAll('link[href]')) {
      if (!noted.has(href) && URL.parse(href)?.host !== location.host) window.noteLink(href)
      noted.add(href)
    }
  }
  note()
  new MutationObserver(note).observe(document.head, { subtree: true, childList: true, attributeFilter: ['href'] })
})"""
"""Report the address of every icon, style sheet and preconnection that is not of the page's own host, each once.

Streamlit's pages have a hundred links to its own scripts."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Open the browser for the tests of this folder only: while it is open, no other event loop can run in this thread.

    Without an installed browser, the tests fail in CI and are skipped elsewhere.
    """
    try:
        with system_chromium() as browser:
            yield browser
    except LiveError as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))


@pytest.fixture(scope="package")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the server's store."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module", autouse=True)
def empty_store(server_home: Path) -> None:
    """Delete the runs of other files. A deleted run can be restored for a while, so no two files use the same runs."""
    store = RunStore(server_home)
    for run, _ in store.newest(1_000):
        store.delete(run.run_id)


@pytest.fixture(scope="package")
def server(server_home: Path, workers: str) -> Iterator[str]:
    """Serve the app, and return the address."""
    log = server_home / "server.log"
    with serving(server_home, log, {"HW5_SCHEDULER": workers}) as (address, _):
        yield address
        text = log.read_text()
    assert "Traceback" not in text, text


@pytest.fixture(scope="package")
def desktop(chromium: Browser, server: str) -> Iterator["Window"]:
    """Open a window that the tests use one after the other."""
    with open_window(chromium, server) as window:
        yield window


@pytest.fixture
def page(desktop: "Window") -> Iterator[Page]:
    """Return the window without anything of other tests."""
    yield desktop.cleared()
    desktop.check()


@pytest.fixture
def watcher(page: Page, desktop: "Window") -> Page:
    """Return a second window of the same browser, without anything of other tests."""
    return desktop.second()


@pytest.fixture
def own_page(chromium: Browser, server: str) -> Iterator[Page]:
    """Open a window for a test that changes something for good, such as the clock."""
    with open_window(chromium, server) as window:
        yield window.page


@pytest.fixture(scope="package")
def pocket(chromium: Browser, server: str) -> Iterator["Window"]:
    """Open a window of a phone, narrow, with touch and without a mouse, that the tests use one after the other."""
    with open_window(chromium, server, {"width": 390, "height": 844}, has_touch=True, is_mobile=True) as window:
        yield window


@pytest.fixture
def phone(pocket: "Window") -> Iterator[Page]:
    """Return the window of the phone without anything of other tests."""
    yield pocket.cleared()
    pocket.check()


@dataclass(frozen=True)
class Window:
    """A window at a server's address. `elsewhere` collects the URLs of other origins that its pages use."""

    page: Page
    address: str
    viewport: ViewportSize
    elsewhere: set[str]

    def cleared(self) -> Page:
        """Return the page as in a new window: empty, of the usual size, without cookies, storage and permissions."""
        context = self.page.context
        for page in context.pages:
            if page.url.startswith(self.address):
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
                page.goto("about:blank")
            page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
            page.set_viewport_size(self.viewport)
        context.clear_cookies()
        context.clear_permissions()
        self.page.bring_to_front()  # behind another one, a page draws one frame a second
        return self.page

    def second(self) -> Page:
        """Return another window of the same browser. It stays open, because a new one costs more than a used one."""
        context = self.page.context
        return next((page for page in context.pages if page is not self.page), None) or context.new_page()

    def check(self) -> None:
        """Check that no page has sent a request to another origin."""
        assert not self.elsewhere


_DESKTOP: ViewportSize = {"width": 1280, "height": 1000}


_NOTE_TEXT = """(root, text) => {
  window.hasNoted = false
  const look = () => { window.hasNoted ||= root.textContent.includes(text) }
  new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true })
}"""


def click_and_note(button: Locator, text: str) -> None:
    """Click a button of a settled page, and wait until it has shown this text, however short."""
    button.evaluate(_NOTE_TEXT, text)
    button.click()
    button.page.wait_for_function("window.hasNoted")


def open_and_note(page: Page, path: str, text: str) -> Response:
    """Open a page, and wait until it has shown this text, however short."""
    response = page.goto(path, wait_until="commit")
    assert response
    page.evaluate_handle("document.documentElement").evaluate(_NOTE_TEXT, text)
    page.wait_for_function("window.hasNoted")
    return response


@contextmanager
def open_window(
    chromium: Browser, address: str, viewport: ViewportSize = _DESKTOP, **options: bool
) -> Iterator[Window]:
    """Open a window. At the end, check that none of its pages has sent a request to another origin."""
    context = chromium.new_context(base_url=address, viewport=viewport, **options)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    elsewhere = requests_to_other_origins(context, address)
    window = Window(context.new_page(), address, viewport, elsewhere)
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
