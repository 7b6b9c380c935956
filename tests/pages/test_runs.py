"""The page of all runs without a browser: search, names, deletion, and the comparison of two races."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import BatchLosses, EpochResult, RunFinished, RunStarted
from hw5core.store.store import RunStore

BASE = RunConfig(epochs=1, network="1x28x28 flatten linear16 relu linear10")
FASTER = replace(BASE, learning_rate=0.05)
NASTY = "<script>alert(1)</script> **bold** [x](http://example.com) :red[y]"


@pytest.fixture
def runs() -> RunStore:
    """Return a store with two finished races. "me" owns both runs of the first and one run of the second."""
    store = RunStore(home.store_folder())
    for accuracy, config in enumerate([*race(BASE), *race(FASTER)], start=90):
        store.claim(config, owner="me" if config.learning_rate < 0.05 or config.activation == "relu" else "you")
        for record in (
            RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
            BatchLosses(0, (2.3,) * config.total_steps),
            EpochResult(0, config.total_steps - 1, 0.5, 90.0, accuracy, 1.0, 0.1),
            RunFinished(config.total_steps, 1.5),
        ):
            store.add(config.run_id, record)
    return store


def _html(app: AppTest) -> str:
    return " ".join(html.proto.body for html in app.get("html") if "hw5-entry" in html.proto.body)


def _entries(app: AppTest) -> int:
    return _html(app).count('class="scores"')


def test_an_empty_list_says_where_to_start(open_page: Callable[..., AppTest]) -> None:
    app = open_page("runs")
    assert not app.exception
    assert "No run on this server yet" in app.info[0].value


def test_the_list_shows_races_and_the_search_finds_them(open_page: Callable[..., AppTest], runs: RunStore) -> None:
    app = open_page("runs")
    assert not app.exception
    assert _entries(app) == 2
    assert "ReLU <b>90.00 %</b>" in _html(app)
    app.text_input(key="search").set_value("rate 0.05").run()
    assert _entries(app) == 1
    assert "1 of 2 races" in " ".join(caption.value for caption in app.caption)
    app.text_input(key="search").set_value("").run()
    app.segmented_control(key="show").set_value("single runs").run()
    assert _entries(app) == 4


def test_a_link_opens_search_order_and_grouping(open_page: Callable[..., AppTest], runs: RunStore) -> None:
    query = {"search": "sigmoid", "order": "best accuracy first", "show": "single runs"}
    app = open_page("runs", **query)
    assert _entries(app) == 2
    assert _html(app).index("93.00 %") < _html(app).index("91.00 %")
    wrong = open_page("runs", **{"search": "<b>", "order": "no such order", "show": "x", "pair": ["?", "?"]})
    assert not wrong.exception
    assert _entries(wrong) == 0


def test_only_an_owner_renames_and_a_name_is_never_markup(open_page: Callable[..., AppTest], runs: RunStore) -> None:
    stranger = open_page("runs", owner="nobody")
    assert not [button for button in stranger.button if button.label in ("Save name", "Delete permanently")]
    app = open_page("runs", owner="me")
    assert len([button for button in app.button if button.label == "Save name"]) == 2
    app.text_input(key=f"name-{BASE.race_key}-").set_value(NASTY)
    app.button(key=f"save-{BASE.race_key}").click().run()
    assert not app.exception
    assert {run.name for run, _ in runs.newest(9)} == {NASTY[:60], ""}
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **bold**" in _html(app)
    assert "<script" not in _html(app)
    other = open_page("runs", pair=[BASE.race_key, FASTER.race_key])
    text = " ".join(markdown.value for markdown in other.markdown)
    assert "\\<script>" in text
    assert "<script" not in text.replace("\\<", "")
    assert "**bold" not in text


def test_deleting_removes_only_the_owners_runs(open_page: Callable[..., AppTest], runs: RunStore) -> None:
    app = open_page("runs", owner="me")
    questions = " ".join(markdown.value for markdown in app.markdown)
    assert "Delete the 2 runs of this race" in questions
    assert "Delete your part of the race (ReLU)" in questions
    app.button(key=f"confirm-{FASTER.race_key}").click().run()
    assert not app.exception
    left = {config.run_id for config in (*race(BASE), replace(FASTER, activation="sigmoid"))}
    assert {run.run_id for run, _ in runs.newest(9)} == left


def test_two_races_are_compared_and_the_link_opens_the_same_pair(
    open_page: Callable[..., AppTest], runs: RunStore
) -> None:
    app = open_page("runs")
    app.button(key=f"pair-{BASE.race_key}").click().run()
    assert "A is" in app.info[0].value
    app.button(key=f"pair-{FASTER.race_key}").click().run()
    assert not app.exception
    assert app.query_params["pair"] == [BASE.race_key, FASTER.race_key]
    assert " ".join(html.proto.body for html in app.get("html")).count("A line marks ln 10") == 1
    settings, numbers = (frame.value for frame in app.dataframe)
    assert settings.to_numpy().tolist() == [["learning rate", "0.008", "0.05"]]
    accuracies = numbers[numbers["result"] == "test accuracy (%)"].set_index("network")
    assert accuracies.loc["ReLU"].tolist()[1:] == [90.0, 92.0, 2.0]
    assert len(app.get("vega_lite_chart")) == 2
    other = open_page("runs", pair=[BASE.run_id, "0" * 16])
    assert "not on this server" in other.warning[0].value
    assert "ReLU on digits" in other.info[0].value
