"""Lecture mode: a link switches it on, it stays on the next page, and hidden widgets keep the values of the link."""

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core.charts import parts as chart_parts
from pages.parts.shared import server
from pages.parts.shared.lecture import SWITCH
from tests.inline_engine import InlineEngine
from tests.pages.conftest import APP
from tools.waiting import PATIENCE_SECONDS


@pytest.fixture
def start_page(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app at its start page, not run yet. Its engine needs no workers."""
    monkeypatch.setattr(server, "engine", InlineEngine)
    return AppTest.from_file(APP, default_timeout=PATIENCE_SECONDS)


def _text(app: AppTest) -> str:
    assert not app.exception
    return " ".join(
        [*(element.value for element in app.markdown), *(element.proto.body for element in app.get("html"))]
    )


def test_a_lecture_link_shows_the_total_and_hides_the_rest(start_page: AppTest) -> None:
    app = start_page
    app.query_params["lecture"] = "true"
    app.run()
    assert "3,747,200" in _text(app)
    assert "Export</h3>" not in _text(app)
    app.toggle(key=SWITCH).set_value(False).run()
    assert "Export</h3>" in _text(app)


def test_lecture_mode_stays_on_the_next_page(open_training: Callable[..., AppTest]) -> None:
    app = AppTest.from_file(APP, default_timeout=PATIENCE_SECONDS)
    app.query_params["lecture"] = "true"
    app.run().switch_page("pages/train.py").run()
    assert app.toggle(key=SWITCH).value


def test_the_charts_are_larger_and_the_settings_of_the_link_apply(open_training: Callable[..., AppTest]) -> None:
    app = open_training(lecture="true", seed="7", axis="epochs")
    assert not app.exception
    assert app.number_input(key="seed").value == 7
    chart = app.get("vega_lite_chart")[0].proto
    assert json.loads(chart.spec)["height"] == chart_parts.LECTURE_HEIGHT
    assert "epoch (from 0)" in chart.spec


@pytest.mark.parametrize("text", ["<script>", "", "2", "true&lecture=false"])
def test_another_value_in_the_address_does_not_switch_lecture_mode_on(start_page: AppTest, text: str) -> None:
    app = start_page
    app.query_params["lecture"] = text
    app.run()
    assert "3,747,200" in _text(app)
    assert not app.toggle(key=SWITCH).value
