"""A browser window on a new server, for benchmarks in a browser."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tools.live import chromium, served


@contextmanager
def window() -> Iterator[tuple[Page, str]]:
    """Yield a browser window and the address of a server with an empty store. Raises LiveError without a browser."""
    with tempfile.TemporaryDirectory() as home, chromium() as browser, served(Path(home)) as address:
        yield browser.new_page(viewport={"width": 1280, "height": 900}), address
