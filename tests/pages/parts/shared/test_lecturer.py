"""The lecturer of a public server: a browser that has given the secret, in a form or an old link, and no other."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core.store.owners import LECTURER
from pages.parts.shared import lecturer
from pages.parts.shared.lecturer import GUESSES_PER_ADDRESS
from tests.pages.conftest import button
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

    from pages.parts.shared.lecturer import lecturer_entry, recognise_lecturer
    from pages.parts.shared.server import owner

    recognise_lecturer()
    st.text(owner())
    lecturer_entry()


def _visitor() -> AppTest:
    return AppTest.from_function(_page, default_timeout=PATIENCE_SECONDS)


def _with_link(secret: str) -> AppTest:
    """Open a link with the secret, and let the browser remove it from the address."""
    app = _visitor()
    app.query_params["lecturer"] = secret
    app.run()
    assert not app.text, "the page is drawn while its address has the secret"
    del app.query_params["lecturer"]
    return app.run()


def _with_form(secret: str) -> AppTest:
    app = _visitor().run()
    app.text_input[0].input(secret)
    return button(app, "Enter").click().run()


def test_the_form_makes_a_browser_the_lecturer_until_it_is_a_guest_again() -> None:
    app = _with_form(SECRET)
    assert app.text[0].value == LECTURER
    assert "now the lecturer's" in app.toast[0].value
    other = _visitor().run()
    assert other.text[0].value != LECTURER
    assert not other.toast
    button(app, "Be a guest again").click().run()
    assert app.text[0].value != LECTURER
    assert not app.exception


def test_an_old_link_with_the_secret_makes_a_browser_the_lecturer() -> None:
    app = _with_link(SECRET)
    assert app.text[0].value == LECTURER
    assert "now the lecturer's" in app.toast[0].value
    assert app.run().text[0].value == LECTURER, "the next run of the page is a guest's again"


@pytest.mark.parametrize(("seconds", "repeated"), [(1_000.0, True), (0.0, False)])
def test_the_answer_is_repeated_by_runs_that_follow_at_once(
    seconds: float, repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lecturer, "REPEATED_SECONDS", seconds)
    for app in (_with_link(SECRET), _with_form(SECRET)):
        assert "now the lecturer's" in app.toast[0].value
        assert bool(app.run().toast) == repeated


@pytest.mark.parametrize("given", ["guess", "ü" * 12, SECRET[:-1], SECRET + "x"])
def test_with_a_wrong_secret_the_browser_remains_a_guest(given: str, caplog: pytest.LogCaptureFixture) -> None:
    by_link, by_form = _with_link(given), _with_form(given)
    assert by_link.text[0].value != LECTURER
    assert "remains a guest" in by_link.toast[0].value
    assert "remains a guest" in by_form.error[0].value
    assert not by_form.exception
    assert [record.getMessage() for record in caplog.records if "secret" in record.getMessage()] == [
        "a browser at an unknown address has given a wrong secret for the lecturer"
    ] * 2


def test_after_too_many_guesses_even_the_right_secret_is_refused() -> None:
    for number in range(GUESSES_PER_ADDRESS):
        _with_link(f"guess {number}")
    refused = _with_form(SECRET)
    assert "Wait a minute" in refused.error[0].value
    assert refused.text[0].value != LECTURER


@pytest.mark.parametrize("secret", ["x", "short"])
def test_a_secret_that_is_too_short_is_ignored(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_LECTURER", secret)
    app = _with_link(secret)
    assert app.text[0].value != LECTURER
    assert not app.text_input, "there is nothing to enter"


def test_a_guest_sees_the_limit_before_and_after_the_click(open_training: Callable[..., AppTest]) -> None:
    app = open_training(**{"epochs-digits": "31"})
    assert "31 epochs are more than the limit of 30" in " ".join(caption.value for caption in app.caption)
    next(button for button in app.button if button.label == "Start the race").click().run()
    assert "31 epochs are more than the limit of 30" in app.error[0].value
    assert not app.exception
