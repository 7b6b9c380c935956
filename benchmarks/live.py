"""A browser window on a new server, for benchmarks in a browser."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tools.live import LiveError, chromium, served


@contextmanager
def window() -> Iterator[tuple[Page, str]]:
    """Yield a browser window and the address of a server with an empty store. Exit if there is no browser."""
    try:
        with tempfile.TemporaryDirectory() as home, served(Path(home)) as address, chromium() as browser:
            yield browser.new_page(viewport={"width": 1280, "height": 900}), address
    except LiveError as error:
        raise SystemExit(str(error)) from error
