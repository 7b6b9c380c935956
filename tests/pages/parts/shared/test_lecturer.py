"""The lecturer of a public server: a browser that has opened a link with the secret, and no other."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core.store.owners import LECTURER
from tools.waiting import PATIENCE_SECONDS

SECRET = "a-secret-for-the-tests"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a public server."""
    st.cache_resource.clear()
    monkeypatch.setenv("HW5_PUBLIC", "1")
    monkeypatch.setenv("HW5_LECTURER", SECRET)


def _page() -> None:
    import streamlit as st

    from pages.parts.shared.browser import browser
    from pages.parts.shared.lecturer import recognise_lecturer
    from pages.parts.shared.server import owner

    recognise_lecturer(browser())
    st.text(owner())


def _visitor(**parameters: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=PATIENCE_SECONDS)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def test_the_secret_makes_a_browser_the_lecturer_and_disappears_from_the_address() -> None:
    app = _visitor(lecturer=SECRET)
    assert app.text[0].value == LECTURER
    assert "now the lecturer's" in app.toast[0].value
    assert "lecturer" not in app.query_params
    assert app.run().text[0].value == LECTURER, "the next run of the page is a guest's again"
    other = _visitor()
    assert other.text[0].value != LECTURER
    assert not other.toast


@pytest.mark.parametrize("given", ["", "guess", "ü" * 12, SECRET[:-1], SECRET + "x"])
def test_with_a_wrong_secret_the_browser_remains_a_guest(given: str) -> None:
    app = _visitor(lecturer=given)
    assert app.text[0].value != LECTURER
    assert "remains a guest" in app.toast[0].value
    assert "lecturer" not in app.query_params


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_secret_that_is_too_short_is_ignored(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_LECTURER", secret)
    assert _visitor(lecturer=secret).text[0].value != LECTURER


def test_a_guest_sees_the_limit_before_and_after_the_click(open_training: Callable[..., AppTest]) -> None:
    app = open_training(**{"epochs-digits": "31"})
    assert "31 epochs are more than the limit of 30" in " ".join(caption.value for caption in app.caption)
    next(button for button in app.button if button.label == "Start the race").click().run()
    assert "31 epochs are more than the limit of 30" in app.error[0].value
    assert not app.exception
