"""What the page tests share: a server of their own each, and the training page opened through the router."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def open_training() -> Iterator[Callable[..., AppTest]]:
    """Opens the training page with these parameters in its address, on a server whose workers end with the test."""
    st.cache_resource.clear()

    def opened(**parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60).run()
        app.switch_page("pages/training.py")
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    st.cache_resource.clear()
