"""The dialog that reads pasted code, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core.network.presets import PRESETS
from hw5core.training.module_report import module_report
from pages.parts.shared import server
from tests.hw5core.pasted.programs import LENET
from tests.inline_engine import InlineEngine
from tools.waiting import PATIENCE_SECONDS

APP = Path(__file__).parents[4] / "app.py"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The Count page with its dialog open."""
    monkeypatch.setattr(server, "engine", InlineEngine)
    st.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_SECONDS).run()
    _click(app, "Paste code")
    yield app
    assert not app.exception


def _click(app: AppTest, start: str) -> None:
    next(button for button in app.button if button.label.startswith(start)).click().run()


def _read(app: AppTest, text: str, shape: str = "") -> None:
    app.text_area(key="pasted text").set_value(text)
    app.text_input(key="input of pasted code").set_value(shape)
    _click(app, "Read")


def _errors(app: AppTest) -> str:
    return " ".join(error.value for error in app.error)


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("", "", "No network was found"),
        ("(" * 1_000, "", "nested too deeply"),
        ("x = (", "", "Line 1 is not Python"),
        ("class <b>[x](http://a.b)", "", "Line 1 is not Python"),
        (LENET, "28x28", "the first word is the input"),
        (LENET, "0x28x28", "input channels must be"),
        (LENET, "9" * 100, "input"),
    ],
)
def test_text_that_cannot_be_read_gets_a_message_and_stays(page: AppTest, text: str, shape: str, message: str) -> None:
    _read(page, text, shape)
    assert message in _errors(page)
    assert page.text_area(key="pasted text").value == text
    assert page.text_input(key="input of pasted code").value == shape


def test_a_table_is_compared_with_the_network_of_the_page(page: AppTest) -> None:
    table = module_report(PRESETS["homework"].text).torchsummary.table
    _read(page, table)
    assert "Every row agrees" in " ".join(success.value for success in page.success)
    _read(page, table.replace("34,944", "34,848"))
    assert "1 of 10 rows differ, first Conv2d-1: -96 parameters in the table." in page.warning[0].value
    _read(page, "Layer (type)   Param #")
    assert "The table has no row" in _errors(page)


def test_the_input_that_fits_is_one_click_away_and_the_network_can_be_used(page: AppTest) -> None:
    _read(page, LENET, "1x28x28")
    assert "fc1 expects 400 features" in _errors(page)
    _click(page, "Use 1x32x32")
    assert not page.error
    _click(page, "Use this network")
    assert "maxpool2 flatten linear120 relu linear84 relu linear10" in str(page.query_params["net"])


def test_the_layers_before_a_problem_can_be_used(page: AppTest) -> None:
    _read(page, LENET.replace("120, 84", "100, 84"), "1x32x32")
    _click(page, "Use only the layers before line 16")
    assert "maxpool2 flatten linear120 relu" in str(page.query_params["net"])
    assert "linear84" not in str(page.query_params["net"])
