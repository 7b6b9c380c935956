"""Fixtures of the page tests: a server state for each test, and pages that open through the router."""

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from html import unescape
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from tools.waiting import PATIENCE_SECONDS, wait_until

APP = str(Path(__file__).parents[2] / "app.py")


def rerun_until(app: AppTest, condition: Callable[[AppTest], object]) -> None:
    """Run the page again until the condition holds for it. No run may raise an exception."""

    def reached() -> bool:
        assert not app.exception
        return bool(condition(app) or condition(app.run()))

    wait_until(reached, lambda: [*app.get("html"), *app.error], poll_seconds=0.3)
    assert not app.exception


def button(app: AppTest, label: str) -> Button:
    """Return the one button with this label."""
    (found,) = (one for one in app.button if one.label == label)
    return found


def html(app: AppTest) -> str:
    """Return all HTML of the page."""
    return " ".join(one.proto.body for one in app.get("html"))


def printed(app: AppTest) -> list[str]:
    """Return the texts that can be copied from the page's HTML, such as the lines that a network's training prints."""
    return [
        unescape(text) for text in re.findall(r'"hw5-plain-code"><pre[^>]*><code>(.*?)</code>', html(app), re.DOTALL)
    ]


@pytest.fixture(autouse=True, scope="session")
def installed_components() -> Iterator[None]:
    """Look for components in the installed packages once. Each AppTest reads the metadata of all packages again."""
    with pytest.MonkeyPatch.context() as streamlit:
        scan = cache(manifest_scanner.scan_component_manifests)
        streamlit.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Restore `__main__`. AppTest replaces it with a page, and workers that start later would import that."""
    own = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = own


@pytest.fixture
def open_page(workers: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Return a function that opens a page with these parameters in its address, on an empty server.

    `owner` is the token of the browser.
    """
    monkeypatch.setenv("HW5_SCHEDULER", workers)
    st.cache_resource.clear()

    def opened(page: str, owner: str | None = None, **parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=PATIENCE_SECONDS)
        if owner:
            app.session_state["owner"] = owner
        app.switch_page(f"pages/{page}.py")
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    st.cache_resource.clear()


@pytest.fixture
def open_training(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Return a function that opens the train page with these parameters."""
    return partial(open_page, "train")


@pytest.fixture
def unusable_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that makes the server's store one that cannot be opened."""

    def make_unusable() -> None:
        occupied = tmp_path / "file"
        occupied.write_text("not a folder")
        monkeypatch.setenv("HW5_HOME", str(occupied))
        st.cache_resource.clear()

    return make_unusable
