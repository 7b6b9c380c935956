"""What the page tests share: a server of their own each, and pages opened through the router."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def open_page() -> Iterator[Callable[..., AppTest]]:
    """Opens the named page with these parameters in its address, on a server whose workers end with the test; `owner`
    is whose browser it is."""
    st.cache_resource.clear()

    def opened(page: str, owner: str | None = None, **parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60).run()
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
    """Opens the training page."""
    return partial(open_page, "training")
