"""The inside page without a browser: the recorded race, a race of the store, and links to races that are gone."""

import io
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import weights_of_recording
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.inputs import standardise
from hw5core.training.modules import build, initial_network
from pages.parts.inside import through_training
from pages.parts.inside.drawing_pad import example_digit
from pages.parts.inside.through_training import shown_checkpoints
from pages.parts.shared import server
from tests.pages.conftest import button, html, rerun_until
from tools.training import train_into

SMALL = race(RunConfig(network="1x28x28 conv3k5 relu avgpool4 flatten linear10", epochs=2, training_images=20))


@pytest.fixture
def open_inside(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    return partial(open_page, "inside")


def _shown(app: AppTest) -> list[list[float]]:
    """The exact probabilities on the page, one list per network."""
    exact = [float(value) for value in re.findall(r'class="value" title="([^"]+)"', html(app))]
    return [exact[first : first + 10] for first in range(0, len(exact), 10)]


def _computed(network: torch.nn.Module) -> list[float]:
    """The probabilities of the example, from plain modules."""
    with torch.no_grad():
        logits = network.eval()(standardise(example_digit()[None].copy(), "mnist"))
    return logits.softmax(1)[0].tolist()


def _recorded(number: int, epoch: int) -> torch.nn.Module:
    network = build(RACE[number].architecture)
    weights = weights_of_recording(RACE[number], epoch)
    network.load_state_dict({name: torch.tensor(values) for name, values in weights.tensors.items()})
    return network


def _accuracy(store: RunStore, config: RunConfig) -> str:
    history = Follower(store, config.run_id).read()
    return f"{history.epochs[-1].test_accuracy:.2f}"


def test_a_first_visitor_sees_what_the_recorded_race_predicts_for_an_example(
    open_inside: Callable[..., AppTest],
) -> None:
    app = open_inside()
    assert not app.exception
    assert not app.error
    np.testing.assert_allclose(_shown(app), [_computed(_recorded(0, 4)), _computed(_recorded(1, 4))], atol=1e-6)
    assert "Test accuracy after epoch 4: ReLU 98.39 %, sigmoid 90.71 %." in [one.value for one in app.caption]
    app.query_params["after"] = "1"
    app.run()
    np.testing.assert_allclose(_shown(app), [_computed(_recorded(0, 1)), _computed(_recorded(1, 1))], atol=1e-6)


def test_at_the_start_the_networks_have_their_first_weights(open_inside: Callable[..., AppTest]) -> None:
    app = open_inside(after="start")
    first = [initial_network(config.architecture, config.seed, config.initialisation) for config in RACE]
    np.testing.assert_allclose(_shown(app), list(map(_computed, first)), atol=1e-6)
    assert not app.get("download_button")


def test_a_race_of_the_store_can_be_chosen_and_a_link_names_it(open_inside: Callable[..., AppTest]) -> None:
    store = RunStore(home.store_folder())
    train_into(store, *SMALL)
    app = open_inside(race=SMALL[0].race_key)
    assert not app.error
    assert any("ReLU, sigmoid on digits" in option for option in app.selectbox[0].options)
    assert f"Test accuracy after epoch 1: ReLU {_accuracy(store, SMALL[0])} %" in app.caption[0].value
    assert len(_shown(app)) == 2
    of_store = _shown(app)
    app.selectbox[0].set_value(RACE[0].race_key).run()
    assert _shown(app) != of_store
    assert app.query_params["race"] == RACE[0].race_key


def test_early_checkpoints_have_a_place_on_the_slider_and_a_fork_starts_with_its_parents_weights(
    open_inside: Callable[..., AppTest],
) -> None:
    store = RunStore(home.store_folder())
    parent = RunConfig(network=SMALL[0].network, epochs=2, training_images=300)
    forked = fork(parent, 0, "tanh", 0.01)
    train_into(store, parent, forked)
    app = open_inside(race=parent.race_key, after="10-batches")
    assert not app.error
    assert "The weights after 10 batches." in app.caption[0].value
    assert not app.get("download_button")
    network = build(parent.architecture)
    state = torch.load(io.BytesIO(store.checkpoint_at(parent.run_id, 10).state), weights_only=True)
    network.load_state_dict(state["network"])
    np.testing.assert_allclose(_shown(app), [_computed(network)], atol=1e-6)
    app.query_params["after"] = "0"
    after_epoch = _shown(app.run())
    assert "Test accuracy after epoch 0" in app.caption[0].value
    assert store.kept_steps(parent.run_id) == [10, 60, 120]
    # The fork has the parent's weights and another activation.
    app = open_inside(race=forked.race_key, after="start")
    assert app.caption[0].value == "The weights from which this fork starts."
    state = torch.load(io.BytesIO(store.checkpoint_at(parent.run_id, 60).state), weights_only=True)
    network = build(forked.architecture)
    network.load_state_dict(state["network"])
    np.testing.assert_allclose(_shown(app), [_computed(network)], atol=1e-6)
    assert _shown(app) != after_epoch


@pytest.mark.parametrize("after", ["5", "-1", "x", ""])
def test_a_link_to_an_epoch_that_is_not_here_says_so_and_shows_the_last(
    open_inside: Callable[..., AppTest], after: str
) -> None:
    app = open_inside(after=after)
    assert "the last epoch" in app.warning[0].value
    assert "after epoch 4" in app.caption[0].value


def test_a_link_to_a_race_that_is_gone_says_so_and_shows_the_recorded_one(open_inside: Callable[..., AppTest]) -> None:
    app = open_inside(race="no such race")
    assert "not on this server" in app.warning[0].value
    assert len(_shown(app)) == 2


def test_a_network_that_has_diverged_is_said_to_have_no_finite_weights(open_inside: Callable[..., AppTest]) -> None:
    wild = race(RunConfig(epochs=1, learning_rate=10), ["relu"])
    store = RunStore(home.store_folder())
    train_into(store, *wild)
    app = open_inside(race=wild[0].race_key)
    assert not app.exception
    assert "Its weights are not finite here" in html(app)
    # A browser reads no JSON with NaN.
    for component in app.get("bidi_component"):
        json.loads(component.proto.json or "{}", parse_constant=pytest.fail)


def test_mistakes_are_shown_once_a_worker_has_found_them(open_inside: Callable[..., AppTest]) -> None:
    store = RunStore(home.store_folder())
    train_into(store, *SMALL)
    app = open_inside(race=SMALL[0].race_key, view="Mistakes", images="right alone")
    rerun_until(app, lambda app: html(app).count("</span> right") == 2)
    for config, activation in zip(SMALL, ("ReLU", "sigmoid"), strict=True):
        assert re.search(rf"{activation} gets <span[^>]+>{_accuracy(store, config)} %</span> right", html(app))
        assert f"Only {activation} gets these right" in html(app)
    assert "of 359 test images are right" in " ".join(one.value for one in app.caption)
    app.query_params["images"] = "4-4"
    app.run()
    assert html(app).count("4, recognised") == 2
    for nonsense in ("4-10", "4-", "x", f"{'9' * 5_000}-1", "४-९"):
        app.query_params["images"] = nonsense
        app.run()
        assert not app.exception
        assert html(app).count("Most confident mistakes") == 2
    app.query_params["after"] = "0"
    next(one for one in app.get("button_group") if one.label == "Images of").set_value("validation")
    rerun_until(app, lambda app: sum("validation images are right" in one.value for one in app.caption) == 2)
    first = Follower(store, SMALL[0].run_id).read().epochs[0]
    assert f"{first.validation_accuracy:.2f} %</span>" in html(app)


def test_the_curve_has_the_probability_at_every_checkpoint(open_inside: Callable[..., AppTest]) -> None:
    app = open_inside()
    for number, label in enumerate(("ReLU", "sigmoid")):
        first = _computed(initial_network(RACE[number].architecture, RACE[number].seed))
        final = _computed(_recorded(number, 4))
        assert f"{label}: {100 * first[3]:.2f} % at the start, {100 * final[3]:.2f} % after epoch 4" in html(app)
    next(one for one in app.get("button_group") if one.label == "Class").set_value("5").run()
    assert "Probability of class 5" in html(app)
    assert f"{100 * _computed(_recorded(0, 4))[5]:.2f} % after epoch 4" in html(app)


def test_an_error_of_one_visitors_curve_leaves_the_networks_of_the_others_on_their_worker(
    open_inside: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_into(RunStore(home.store_folder()), *SMALL)
    asked: list[Any] = []

    def ask(function: Callable[..., Any], networks: Any, *arguments: Any) -> Any:
        asked.append(networks)
        if len(asked) == 2:
            raise EngineError("a worker has died")
        return server.ask_worker(function, networks, *arguments)

    monkeypatch.setattr(through_training, "ask_worker", ask)
    st.cache_data.clear()
    app = open_inside()
    assert not open_inside(race=SMALL[0].race_key).error
    st.cache_data.clear()
    app.run()
    first, failed, built_again, later = asked
    assert built_again is not failed
    assert later is first


def test_the_curve_of_large_networks_has_some_of_their_checkpoints() -> None:
    large = race(RunConfig(network="1x28x28 flatten linear2000 relu linear10"))
    epochs = tuple(range(-1, 30))
    assert shown_checkpoints(RACE, epochs, 7) == epochs
    assert shown_checkpoints(large, epochs, 7) == (-1, 7, 29)


def test_each_map_is_next_to_its_sanity_check(open_inside: Callable[..., AppTest]) -> None:
    app = open_inside(view="Attribution")
    assert not app.exception
    for method in ("Occlusion", "Gradient (saliency)", "Grad-CAM"):
        assert len(re.findall(rf'alt="{re.escape(method)} with [^"]+rank correlation', html(app))) == 12
        assert len(re.findall(rf"<h3>{re.escape(method)} <span>[^<]*what the network has learned", html(app))) == 2
    assert html(app).count(" gives class 3 ") == 2
    next(one for one in app.get("button_group") if one.label == "Class").set_value("8").run()
    assert html(app).count(" gives class 8 ") == 2


def test_loaded_weights_are_a_third_network_next_to_the_race(open_inside: Callable[..., AppTest]) -> None:
    app = open_inside(after="1")
    app.session_state["loaded weights"] = weights_of_recording(RACE[1], 4)
    app.run()
    assert "your file (sigmoid) predicts" in html(app)
    np.testing.assert_allclose(_shown(app)[2], _computed(_recorded(1, 4)), atol=1e-6)
    assert any("reports 90.71 % of the test images" in one.value for one in app.markdown)
    button(app, "Remove").click().run()
    assert len(_shown(app)) == 2
