"""The Train page without a browser: a race from the button to its end, and messages for races that cannot run."""

import re
from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core.runs.config import RunConfig, race
from pages.parts.shared import server
from pages.parts.shared.page_list import PAGES
from pages.parts.shared.settings import race_query
from tests.networks import SLOW
from tests.pages.conftest import html, printed, rerun_until

SMALL = "1x28x28 flatten linear16 relu linear10"


def test_before_the_race_the_charts_are_there(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="digits")
    assert not app.exception
    assert [button.label for button in app.button][:2] == ["Start the race", "Step: one batch"]
    assert all(button.help for button in app.button)
    assert len(app.get("vega_lite_chart")) == 3
    # 6,480 batches in 500 points.
    captions = " ".join(caption.value for caption in app.caption)
    assert "A curve has at most 500 points, so each point is the mean loss of 13 batches" in captions


def test_the_button_runs_the_race_to_its_end_and_the_results_stay(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="digits")
    app.number_input(key="epochs-digits").set_value(1).run()
    app.button[0].click().run()
    rerun_until(app, lambda app: app.success)
    assert "Finished. Results below" in app.success[0].value
    lines = printed(app)
    assert [line.rsplit(" ", 1)[0] for line in lines] == ["ReLU accuracy of epoch 0:", "sigmoid accuracy of epoch 0:"]
    assert "initial weights the same" in " ".join(caption.value for caption in app.caption)
    assert f"{float(lines[0].rsplit(' ', 1)[1]):5.2f} %" in html(app)
    next(button for button in app.button if button.label == "Another seed").click().run()
    assert app.number_input(key="seed").value == 1
    assert next(button for button in app.button if button.label == "Start the race").disabled is False
    # Another session on a new server reads it from the store and starts nothing.
    st.cache_resource.clear()
    other = open_training(**{"epochs-digits": "1"})
    assert printed(other) == lines
    assert "Start the race" not in [button.label for button in other.button]


def test_estimates_follow_the_load_and_a_waiting_race_shows_when_it_starts(open_page: Callable[..., AppTest]) -> None:
    def estimate(app: AppTest) -> str:
        return next((caption.value for caption in app.caption if "takes about" in caption.value), "")

    query = {"epochs-digits": "200", "network": SLOW}  # no run ends during the test
    idle = open_page("train", owner="me", **query)
    assert "measured within the last minute." in estimate(idle)
    idle.button[0].click().run()
    rerun_until(idle, lambda app: html(app).count("left at this speed") == 2)
    other = open_page("train", owner="you", **query, seed="9")
    assert "measured within the last minute while 2 other runs train." in estimate(other)
    other.button[0].click().run()
    rerun_until(other, lambda app: re.search(r"position 1 in the queue, starts in about \d+ min", html(app)))
    assert re.search(r"position 2 in the queue, starts in about \d+ min", html(other))
    for app in (other, idle):
        next(button for button in app.button if button.label == "Stop").click().run()


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.name not in ("count", "check")])
def test_an_unusable_store_shows_a_message(
    open_page: Callable[..., AppTest], unusable_store: Callable[[], None], page: str
) -> None:
    unusable_store()
    app = open_page(page)
    assert not app.exception
    assert any("HW5_HOME" in error.value for error in app.error)


def test_an_unreachable_scheduler_shows_a_message(
    open_training: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW5_SCHEDULER", "tcp://127.0.0.1:9")
    monkeypatch.setattr("hw5core.engine.cluster.CONNECT_SECONDS", 1)
    app = open_training()
    assert not app.exception
    assert "HW5_SCHEDULER" in app.error[0].value


def test_all_viewers_share_one_reader_of_a_run() -> None:
    assert server.follower("0" * 16) is server.follower("0" * 16)


def test_with_predict_first_the_race_starts_only_after_a_guess(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="digits", predict="true")
    assert next(button for button in app.button if button.label == "Start the race").disabled
    # Nothing is chosen before the user chooses it.
    points = next(one for one in app.number_input if one.label == "By how many percentage points?")
    winner = app.radio[0]
    assert (winner.value, points.value) == (None, None)
    next(button for button in app.button if button.label == "Submit my guess").click().run()
    assert "Choose a network" in app.error[0].value
    app.radio[0].set_value("ReLU")
    next(one for one in app.number_input if one.label == points.label).set_value(25)
    next(button for button in app.button if button.label == "Submit my guess").click().run()
    assert "Your guess: ReLU by 25 points. Guesses so far: 1." in app.info[0].value
    assert not next(button for button in app.button if button.label == "Start the race").disabled


def test_invalid_settings_show_a_message(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="digits")
    app.text_input(key="network").set_value("1x28x28 conv8k31 relu flatten linear10").run()
    assert not app.exception
    assert "layer 1: kernel 31 does not fit a 28x28 input" in app.error[0].value
    app.text_input(key="network").set_value("<script>").run()
    assert not app.exception
    assert "word 1" in app.error[0].value


def test_a_link_from_the_list_of_runs_opens_the_race(open_training: Callable[..., AppTest]) -> None:
    config = RunConfig(dataset="mnist", epochs=3, seed=7, learning_rate=0.05, network=SMALL, relu_layer=1)
    query: dict[str, list[str]] = {}
    for name, value in race_query(race(config, ["relu", "sigmoid", "tanh"])):
        query.setdefault(name, []).append(value)
    app = open_training(**query)
    assert not app.exception
    labels = " ".join(element.proto.body for element in app.get("html"))
    assert all(f"{label}: test accuracy" in labels for label in ("ReLU", "sigmoid", "tanh"))
    assert app.number_input(key="seed").value == 7
    assert app.number_input(key="learning-rate-mnist").value == 0.05
    assert app.number_input(key="epochs-mnist").value == 3
    assert app.text_input(key="network").value == SMALL
    assert app.number_input(key="relu-layer").value == 1
