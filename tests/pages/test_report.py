"""The report page without a browser: its preview, what is missing, and words that are too long."""

from collections.abc import Callable
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.store.store import RunStore
from pages.parts.shared.settings import race_query
from tests.hw5core.homework.report.example import NAME, REMARKS
from tests.pages.conftest import html
from tools.training import train_into

SMALL = race(RunConfig(network="1x28x28 conv3k5 relu avgpool4 flatten linear10", epochs=2, training_images=20))


@pytest.fixture
def open_report(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    return partial(open_page, "report")


def _words(app: AppTest) -> str:
    return "\n".join([html(app), *(str(one.value) for one in (*app.markdown, *app.text, *app.caption, *app.warning))])


def test_a_first_visitor_can_download_the_recorded_race(open_report: Callable[..., AppTest]) -> None:
    app = open_report()
    assert not app.exception
    assert not app.error
    assert "ReLU accuracy of epoch 4: 98.39285714285714" in _words(app)
    assert "Estimated Total Size (MB): 71.61" in _words(app)
    assert [one.proto.label for one in app.get("download_button")] == ["HTML", "PDF", "Markdown", "Notebook"]
    assert not app.warning


def test_a_race_with_one_network_says_what_is_missing(open_report: Callable[..., AppTest]) -> None:
    train_into(RunStore(home.store_folder()), SMALL[0])
    app = open_report(race=SMALL[0].race_key)
    assert not app.exception
    assert [one.value.split(":")[0] for one in app.warning] == [
        "The network with sigmoid is missing",
        "The conclusions are missing",
    ]


def test_a_trained_race_links_to_its_report(open_page: Callable[..., AppTest]) -> None:
    train_into(RunStore(home.store_folder()), *SMALL)
    app = open_page("train", **dict(race_query(SMALL)))
    assert not app.exception
    links = [one.proto.query_string for one in app.get("page_link") if "document" in one.proto.label]
    assert links == [f"race={SMALL[0].race_key}"]


def test_names_and_remarks_are_shown_as_they_are_and_stay_after_a_visit_to_another_page(
    open_report: Callable[..., AppTest],
) -> None:
    app = open_report()
    app.text_input[0].set_value(NAME)
    app.text_area[0].set_value(REMARKS).run()
    assert [one.value for one in app.text] == [NAME, REMARKS]
    app.query_params.clear()
    app.switch_page("pages/runs.py").run()
    app.switch_page("pages/report.py").run()
    assert not app.exception
    assert [one.value for one in app.text] == [NAME, REMARKS]


def test_the_address_names_the_network_of_question_1(open_report: Callable[..., AppTest]) -> None:
    app = open_report(net="1x8x8 conv2k3 relu flatten linear10")
    assert "1 ⋅ 2 ⋅ (3 ⋅ 3) + 2" in _words(app)
    app = open_report(net="1x8x8 conv2k9")
    assert not app.exception
    assert ["kernel 9 does not fit" in one.value for one in app.error] == [True]


def test_a_megabyte_of_remarks_gets_a_message(open_report: Callable[..., AppTest]) -> None:
    app = open_report()
    app.text_area[0].set_value("x" * 1_000_000).run()
    assert not app.exception
    assert [one.value for one in app.error] == [
        "The remarks are too long: 100,000 characters, and at most 20,000 are possible."
    ]
    assert not app.get("download_button")
