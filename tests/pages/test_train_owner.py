"""The user who started a race may pause, continue and delete it. All others watch."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore
from pages.parts.shared.server import engine
from tests.pages.conftest import button, html, rerun_until

LONG = {"epochs-digits": "200"}
"""A race that does not end during a test."""


def _states(app: AppTest) -> list[str]:
    """Return the status of each network from the scoreboard."""
    return re.findall(r'class="hw5-state">([^<]*)', html(app))


def test_the_owner_pauses_and_deletes_a_race_that_others_only_watch(open_training: Callable[..., AppTest]) -> None:
    mine = open_training(**LONG)
    button(mine, "Start the race").click().run()
    assert mine.button[0].label == "The race is running"
    yours = open_training(**LONG)
    assert [button.label for button in yours.button] == ["The race is running"]
    button(mine, "Pause").click().run()
    assert not mine.exception
    assert "Paused. Anyone may resume it 5 minutes" in mine.info[0].value
    button(yours.run(), "Resume").click().run()
    assert "Paused. Anyone may resume it 5 minutes" in yours.info[0].value
    button(yours, "Step: one batch").click().run()
    assert "only by the person who paused it" in yours.error[0].value
    assert len(yours.get("vega_lite_chart")) == 3
    button(mine, "Resume").click().run()
    rerun_until(mine, lambda app: any(state.startswith("running") for state in _states(app)))
    button(mine, "Stop").click().run()
    assert [state.split(":")[0] for state in _states(mine)] == ["stopped", "stopped"]
    button(mine, "Delete this race for everyone").click().run()
    question = next(markdown.value for markdown in mine.markdown if "This deletes" in markdown.value)
    assert "2 runs **ReLU, sigmoid**" in question
    assert "undo it for one minute" in question
    assert [state.split(":")[0] for state in _states(mine)] == ["stopped", "stopped"]
    button(mine, "Delete").click().run()
    assert _states(mine) == ["not started", "not started"]
    # Watchers see what happened, and only the owner can undo it.
    yours.run()
    assert yours.warning[0].value.startswith("**ReLU, sigmoid**: deleted by its owner.")
    assert "Undo the deletion" not in [button.label for button in yours.button]
    button(mine, "Undo the deletion").click().run()
    assert not mine.warning
    assert [state.split(":")[0] for state in _states(mine)] == ["stopped", "stopped"]
    lecture = open_training(**LONG, lecture="true")
    assert not lecture.exception


def test_a_guest_who_resumes_the_operators_race_may_stop_it_but_not_delete_it(
    open_page: Callable[..., AppTest],
) -> None:
    store = RunStore(home.store_folder())
    configs = race(RunConfig(epochs=200, learning_rate=0.05))
    for config in configs:
        store.claim(config, "a server that has ended")
        store.halt(config.run_id, Status.STOPPED)
    app = open_page("train", owner="guest", **LONG)
    assert [button.label for button in app.button] == ["Resume", "Step: one batch"]
    button(app, "Resume").click().run()
    assert not app.exception
    button(app, "Stop").click().run()
    assert [state.split(":")[0] for state in _states(app)] == ["stopped", "stopped"]
    assert [button.label for button in app.button] == ["Resume", "Step: one batch"]
    runs = open_page("runs", owner="guest", compare=[config.run_id for config in configs])
    assert not runs.exception
    assert not [button.label for button in runs.button if "Delete" in button.label or "Save" in button.label]
    for action in (engine().delete, lambda run_id, who: engine().rename(run_id, "mine", who)):
        with pytest.raises(EngineError, match="first started"):
            action(configs[0].run_id, "guest")


def test_a_guest_may_not_undo_a_deletion_by_the_lecturer(open_training: Callable[..., AppTest]) -> None:
    app = open_training(**LONG)
    button(app, "Step: one batch").click().run()
    for config in race(RunConfig(epochs=200, learning_rate=0.05)):
        engine().delete(config.run_id, LECTURER)
    app.run()
    assert app.warning[0].value.startswith("**ReLU, sigmoid**: deleted by the lecturer.")
    assert "Undo the deletion" not in [button.label for button in app.button]
    with pytest.raises(EngineError, match="the lecturer, may undo"):
        engine().restore(RunConfig(epochs=200, learning_rate=0.05).run_id, app.session_state["owner"])


def test_a_race_is_stepped_from_its_first_batch_and_each_step_is_shown_in_detail(
    open_training: Callable[..., AppTest],
) -> None:
    app = open_training(**LONG)
    button(app, "Step: one batch").click().run()
    assert not app.exception
    button(app, "Step: one batch").click().run()
    assert not app.exception
    assert _states(app) == ["paused: 2 of 43,200 batches"] * 2
    assert "One step in detail" in [heading.value for heading in app.subheader]
    words = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert "**Epoch 0, batch 1.**" in words
    assert words.count("−ln ") == 2 * 6  # per network five images and the sentence above them
    assert "sigmoid: the first layer's gradient is" in words
    layers = [frame.value["layer"].tolist() for frame in app.dataframe if "layer" in frame.value]
    assert [names[1] for names in layers] == ["ReLU-2", "Sigmoid-2"]
    # Everyone who opens the link sees the same step.
    other = open_training(**LONG)
    assert "One step in detail" in [heading.value for heading in other.subheader]
