"""Numbers in the settings: those in the URL that cannot be used, and the seed after the highest one."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from hw5core.runs.config import SETTINGS
from tests.served.addresses import NUMBERS
from tools.waiting import PATIENCE_SECONDS

HIGHEST = int(SETTINGS["seed"].highest)


def _page() -> None:
    import streamlit as st

    from hw5core.errors import ConfigError
    from pages.parts.shared.settings import next_seed, number_setting
    from pages.parts.shared.widget_guard import guard_widgets

    guard_widgets()
    for parameter in ["seed", *sorted(st.query_params)]:
        try:
            name = parameter.split("-")[0]
            st.text(number_setting("learning_rate" if name == "rate" else "seed", key=parameter))
        except ConfigError as error:
            st.error(str(error))
    st.button("next", on_click=next_seed)


def _opened(parameters: dict[str, str | list[str]]) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=PATIENCE_SECONDS)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def _check(texts: Sequence[str]) -> None:
    """Read each text as a whole number and as a real one."""
    app = _opened({f"{name}-{place}": text for name in ("seed", "rate") for place, text in enumerate(texts)})
    assert not app.exception
    assert len(app.text) + len(app.error) == 1 + 2 * len(texts)
    for shown in app.text:
        assert 0 <= float(shown.value) <= HIGHEST
    for error in app.error:
        assert "in the URL" in error.value


def test_each_number_in_the_address_is_used_or_named_in_a_message() -> None:
    _check(NUMBERS)


@settings(max_examples=5)
@given(st.lists(st.floats().map(str) | st.integers().map(str) | st.text(max_size=30), min_size=10, max_size=40))
def test_each_random_text_in_the_address_is_used_or_named_in_a_message(texts: list[str]) -> None:
    _check(texts)


def test_of_a_repeated_parameter_the_last_number_counts() -> None:
    app = _opened({"seed-1": ["inf", "7"], "seed-2": ["7", "inf"]})
    assert [shown.value for shown in app.text] == ["0", "7"]
    assert [error.value for error in app.error] == [
        "seed in the URL must be a number from 0 to 2,147,483,647, not 'inf'"
    ]


def test_after_the_highest_seed_comes_the_lowest() -> None:
    app = _opened({})
    app.number_input(key="seed").set_value(HIGHEST)
    for expected in (0, 1):
        app.button[0].click().run()
        assert not app.exception
        assert app.number_input(key="seed").value == expected
