"""The homework's race that is shipped with the app, shown before anyone runs it on this server."""

from collections.abc import Callable, Hashable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.earlier import earlier_race
from hw5core.runs.recorded import RACE
from hw5core.runs.run import Status
from pages.parts.shared import reading
from pages.parts.shared.server import run_store
from pages.parts.train import playback
from tests.pages.conftest import button, html, printed


def _captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_the_train_page_opens_with_the_recorded_homework_playing(open_training: Callable[..., AppTest]) -> None:
    app = open_training()
    assert not app.exception
    assert app.query_params["dataset"] == "mnist"
    assert "**Recorded** on" in _captions(app)
    assert "not run here" in _captions(app)
    assert "recorded: 42,000 of 42,000" not in html(app)
    assert not button(app, "Start the race").disabled
    button(app, "Skip to the end").click().run()
    assert not app.exception
    lines = [line for text in printed(app) for line in text.splitlines()]
    assert [line.split(":")[0] for line in lines] == [
        f"{label} accuracy of epoch {epoch}" for label in ("ReLU", "sigmoid") for epoch in range(5)
    ]
    # A recording has no checkpoints, so the offer says what to do first.
    assert "Run this race here" in _captions(app)
    button(app, "Play again").click().run()
    assert "recorded: 42,000 of 42,000" not in html(app)


def test_a_visitor_who_has_to_guess_first_does_not_see_it(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="mnist", predict="true")
    assert not app.exception
    assert not printed(app)
    assert "Recorded" not in _captions(app)


def test_all_viewers_share_what_is_read_of_a_race_that_somebody_has_started(
    open_training: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed: set[tuple[Hashable, ...]] = set()

    def subscribe(*arguments: Hashable, **_: object) -> None:
        subscribed.add(arguments)

    def opened() -> set[tuple[Hashable, ...]]:
        subscribed.clear()
        assert not open_training(dataset="mnist").exception
        return set(subscribed)

    monkeypatch.setattr(reading, "subscribe_redraw", subscribe)
    monkeypatch.setattr(playback, "PLAY_FRAMES", 1_000_000)  # recordings of two visitors are then never the same
    assert opened() != opened()
    for config in RACE:
        run_store().claim(config, "a server", "somebody", Status.PAUSED)
    started = opened()
    assert started
    assert opened() == started


def test_a_link_from_before_the_homework_came_first_opens_the_same_race(
    open_training: Callable[..., AppTest],
) -> None:
    app = open_training(seed="1")
    assert app.query_params["dataset"] == "digits"
    assert "Recorded" not in _captions(app)
    button(app, "Show the homework's race on MNIST, recorded").click().run()
    assert not app.exception
    assert app.query_params["dataset"] == "mnist"


def test_an_old_link_offers_the_race_that_it_opened_in_earlier_versions(open_training: Callable[..., AppTest]) -> None:
    def offered() -> list[str]:
        app = open_training(dataset="mnist", seed="3")
        assert not app.exception
        return [link.proto.label for link in app.get("page_link") if "earlier versions" in link.proto.label]

    assert not offered()
    for config in earlier_race(race(RunConfig(dataset="mnist", seed=3))):
        run_store().claim(config, "a server", "somebody", Status.PAUSED)
    assert offered() == ["This race with the network of earlier versions"]
