"""The Why page without a browser: the numbers at the inputs, the gradient budget, and the verdicts."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.homework.explanations import Cause, experiments
from hw5core.runs.config import RunConfig, race, race_id
from hw5core.store.store import RunStore
from hw5core.store.votes import Round
from pages.parts.shared.server import ballot_box
from pages.parts.why import vote
from tests.pages.conftest import button, html, rerun_until
from tools.training import train_into

SMALL = {"dataset": "digits", "training-images": "100", "epochs-digits": "2"}
RACE = race(RunConfig(training_images=100, epochs=2, learning_rate=0.05))


@pytest.fixture
def open_why(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    return partial(open_page, "why")


def _words(app: AppTest) -> str:
    assert not app.exception
    return " ".join(one.value for one in [*app.markdown, *app.info, *app.error, *app.caption])


def test_the_numbers_at_the_inputs_of_the_link_are_exact(open_why: Callable[..., AppTest]) -> None:
    words = _words(open_why(inputs="40 to 50", **SMALL))
    assert "| **ReLU** | 40 | 1 | **10** |" in words
    # exp(-40), because sigmoid(x) is almost 1 - exp(-x) there.
    assert f"| **sigmoid** | 1 | 4.2·10^−18 | **{math.exp(-40):.1e}".replace("e-18", "·10^−18") in words
    assert "0.001 from x = 6.4 on" in words


@pytest.mark.parametrize("inputs", ["", "x to y", "5 to 4", "nan to 1", "1e999 to 2", "4", "1 to 2 to 3", "-1e9 to 5"])
def test_other_texts_in_the_link_show_4_and_5(open_why: Callable[..., AppTest], inputs: str) -> None:
    assert "f(5) − f(4)" in _words(open_why(inputs=inputs, **SMALL))


def test_the_gradient_budget_of_both_networks_names_slopes_and_weights(open_why: Callable[..., AppTest]) -> None:
    app = open_why(**SMALL)
    words = _words(app)
    assert "**sigmoid:** slopes × 0.01" in words
    assert "fan_in · Var(W) = 1/3" in words
    assert "| ReLU-9 / Sigmoid-9 | slope |" in words
    assert "| MaxPool2d-3 | no prediction | – | 0.5 | – | 0.5 |" in words
    headings = " ".join(one.proto.body for one in app.get("html"))
    assert "sigmoid: from 0.0" in headings
    assert len(app.get("vega_lite_chart")) == 6


def test_without_a_race_the_page_says_what_to_train(open_why: Callable[..., AppTest]) -> None:
    assert "This race has not been trained on this server" in _words(open_why(**SMALL))


def test_without_records_a_link_trains_the_same_race(open_why: Callable[..., AppTest]) -> None:
    app = open_why(**SMALL, activations=["relu", "tanh"], seed="3")
    assert "There are no records of layers yet" in _words(app)
    (link,) = [one.proto for one in app.get("page_link") if one.proto.label == "Train this race"]
    for setting in ("dataset=digits", "seed=3", "training-images=100", "activations=relu", "activations=tanh"):
        assert setting in link.query_string


def test_the_recorded_race_is_judged_at_once(open_why: Callable[..., AppTest]) -> None:
    words = _words(open_why(dataset="mnist"))
    assert "✗ **Units saturate.** *contradicted, from batch 0 on*" in words
    assert "✓ **Slopes below 1 shrink the gradient layer by layer.** *supported, from batch 0 on*" in words
    assert "race recorded on" in words


def test_the_records_of_a_layer_are_drawn_through_training(open_why: Callable[..., AppTest]) -> None:
    app = open_why(dataset="mnist")
    spoken = html(app)
    assert "Conv2d-1, activation-2, batch by batch" in spoken
    assert "sigmoid, saturated units: 0 in batch 0" in spoken
    # The norms of the receipts: 0.22944843769 and 0.00633033365.
    assert "ReLU, gradient norm of the weights: 0.229 in batch 0" in spoken
    assert "sigmoid, gradient norm of the weights: 0.00633 in batch 0" in spoken
    app.selectbox(key="part of the network").set_value("Linear-10").run()
    app.segmented_control(key="batches shown").set_value("first 1,000").run()
    spoken = html(app)
    assert "Linear-10, batch by batch" in spoken
    assert "in batch 1,000" in spoken
    assert not app.exception


def test_the_race_on_this_server_and_its_experiments_are_judged(open_why: Callable[..., AppTest]) -> None:
    store = RunStore(home.store_folder())
    tried = [experiments(RACE[1])["learning_rate"][0], replace(RACE[1], initialisation="xavier")]
    train_into(store, *RACE, *tried, owner="somebody")
    words = _words(open_why(**SMALL))
    for title in ("Units saturate", "Slopes below 1", "The initial weights are bad", "The learning rate is too small"):
        assert f"**{title}" in words
    assert "race recorded on" not in words
    assert "ReLU's gradient norm divided by sigmoid's" in words


def _vote(app: AppTest, round_: Round, cause: Cause) -> AppTest:
    (radio,) = (one for one in app.radio if one.label.lower().startswith(f"{round_} the evidence"))
    return radio.set_value(cause).run()


def test_the_evidence_is_folded_until_the_visitor_votes(open_why: Callable[..., AppTest]) -> None:
    app = open_why(**SMALL)
    assert [one.label for one in app.expander if one.proto.expanded] == []
    assert len(app.radio) == 1
    assert "votes so far" in html(app)
    _vote(app, Round.BEFORE, Cause.RATE)
    assert [one.label for one in app.expander if one.proto.expanded] == ["The evidence: a verdict on each explanation"]
    assert "1 votes before the evidence, the largest part, 1, for “The learning rate is too small”" in html(app)
    _vote(app, Round.AFTER, Cause.SLOPES)
    _vote(app, Round.BEFORE, Cause.WEIGHTS)
    assert [one.value for one in app.radio] == [Cause.WEIGHTS, Cause.SLOPES]
    button(app, "Delete all votes on this race").click().run()
    assert [one.value for one in app.radio] == [None]
    button(app, "Show the evidence without voting").click().run()
    assert [one.value for one in app.radio] == [None, None]
    assert not app.exception


def test_one_address_cannot_vote_without_end(open_why: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vote, "VOTES_PER_ADDRESS", 2)
    for number in range(3):
        app = _vote(open_why(owner=f"{number}", **SMALL), Round.BEFORE, Cause.RATE)
    assert "Wait a minute, then vote again" in _words(app)
    assert [one.value for one in app.radio] == [None]
    assert ballot_box(race_id(RACE)).read().counts(Round.BEFORE).total() == 2


def test_a_vote_that_an_unusable_store_refuses_shows_a_message(
    open_why: Callable[..., AppTest], unusable_store: Callable[[], None]
) -> None:
    app = open_why(**SMALL)
    unusable_store()
    assert "HW5_HOME" in _words(_vote(app, Round.BEFORE, Cause.RATE))


def test_only_the_lecturer_of_a_public_server_starts_the_vote_anew(
    open_why: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW5_PUBLIC", "1")
    monkeypatch.setenv("HW5_LECTURER", "a-secret-for-the-tests")
    anew = "Delete all votes on this race"
    assert anew not in [one.label for one in open_why(**SMALL).button]
    app = open_why(lecturer="a-secret-for-the-tests", **SMALL)
    del app.query_params["lecturer"]  # as the browser does
    assert anew in [one.label for one in app.run().button]


def test_a_race_without_sigmoid_has_a_budget_but_no_verdict(open_why: Callable[..., AppTest]) -> None:
    words = _words(open_why(activations=["relu", "tanh"], **SMALL))
    assert "**tanh:** slopes ×" in words
    assert "Choose both as activations in the race" in words


def test_settings_that_cannot_be_trained_leave_the_functions(open_why: Callable[..., AppTest]) -> None:
    app = open_why(network="1x28x28 linear10", **SMALL)
    assert app.error
    assert "f(5) − f(4)" in _words(app)


def test_a_network_with_one_layer_of_weights_needs_no_budget(open_why: Callable[..., AppTest]) -> None:
    assert "Only one layer of this network has weights" in _words(
        open_why(network="1x28x28 flatten relu linear10", **SMALL)
    )


def test_the_step_and_the_check_of_its_gradient_are_in_words(open_why: Callable[..., AppTest]) -> None:
    words = _words(open_why(**SMALL))
    found = re.findall(r"of Conv2d-1: backpropagation (\S+), difference (\S+);", words)
    assert len(found) == 2
    for by_hand, difference in found:
        assert float(difference) == pytest.approx(float(by_hand), rel=1e-4)
    assert "**sigmoid:** the step with rate 0.05 changes the loss from 2." in words


def test_a_deep_stack_says_how_much_of_the_gradient_is_left(open_why: Callable[..., AppTest]) -> None:
    link = {"depth-layers": "20", "depth-width": "50", "depth-activation": "relu", "depth-initialisation": "he"}
    app = open_why(**SMALL, **link)
    assert "**The gradient keeps its size, ×" in _words(app)
    spoken = " ".join(one.proto.body for one in app.get("html"))
    assert "Size by layer" in spoken
    assert "layer 20: gradients" in spoken
    app.selectbox(key="depth-activation").set_value("sigmoid").run()
    found = re.search(r"shrinks to (0\.\d+) of its size per layer; at layer 1, (\S+)·10\^−(\d+) of", _words(app))
    assert found
    # The same factor for each of 19 layers.
    left = float(found[2]) / 10 ** int(found[3])
    assert float(found[1]) == pytest.approx(left ** (1 / 19), rel=0.1)


@pytest.mark.parametrize("text", ["0", "21", "x", "1e9", "10.5", "-1", "nan"])
def test_other_numbers_of_layers_in_the_link_show_ten(open_why: Callable[..., AppTest], text: str) -> None:
    assert "of layer 10's is left" in _words(open_why(**SMALL, **{"depth-layers": text, "depth-width": text}))


def test_one_layer_passes_no_gradient_on(open_why: Callable[..., AppTest]) -> None:
    assert "With one layer, no gradient has to pass" in _words(open_why(**SMALL, **{"depth-layers": "1"}))


def test_one_click_trains_the_original_and_a_rescue_next_to_it(open_why: Callable[..., AppTest]) -> None:
    app = open_why(**SMALL)
    assert "The first click trains it too" in _words(app)
    button(app, "Xavier initialisation").click().run()
    rerun_until(
        app,
        lambda app: "frees sigmoid" in _words(app) and button(app, "Xavier initialisation").icon == ":material/check:",
    )
    store = RunStore(home.store_folder())
    ids = {config.run_id for config in (RACE[1], replace(RACE[1], initialisation="xavier"))}
    assert {run.run_id for run, _ in store.newest(10)} == ids
    assert "**Xavier initialisation frees sigmoid**" in _words(app)
    assert "Training loss of the original and its rescues" in html(app)


def test_the_recorded_run_is_the_original_of_the_rescues(open_why: Callable[..., AppTest]) -> None:
    words = _words(open_why(dataset="mnist"))
    assert "The original run was recorded on" in words


def test_a_rescue_with_several_seeds_is_judged_over_all(open_why: Callable[..., AppTest]) -> None:
    store = RunStore(home.store_folder())
    sigmoid = RACE[1]
    tried = [replace(sigmoid, momentum=0.9, seed=seed) for seed in range(3)]
    train_into(store, *tried, *(replace(sigmoid, seed=seed) for seed in range(3)), owner="somebody")
    app = open_why(**SMALL, **{"rescue-seeds": "3"})
    words = _words(app)
    assert "with momentum 0.9, 3 seeds. seed 0:" in words
    assert "over 3 of 3 seeds" in html(app)
    assert button(app, "momentum 0.9").disabled
    assert not button(app, "tanh").disabled


def test_the_budget_and_the_step_of_a_later_batch_have_the_weights_of_a_checkpoint(
    open_why: Callable[..., AppTest],
) -> None:
    train_into(RunStore(home.store_folder()), *RACE, owner="somebody")
    app = open_why(**SMALL)
    first = _words(app)
    assert "before any training" in html(app)
    choices = [app.selectbox(key=key) for key in ("weights of the budget", "weights of the batch")]
    assert [choice.options[0] for choice in choices] == ["before any training"] * 2
    choices[0].set_value(20).run()
    app.selectbox(key="weights of the batch").set_value(40).run()
    assert "The gradient on its way back from the loss, after 20 batches" in html(app)
    assert "by the size of the step, after 40 batches" in html(app)
    later = _words(app)
    for start in ("**sigmoid:** slopes ×", "**sigmoid:** the step with rate"):
        shown = [next(line for line in words.split("- ") if line.startswith(start)) for words in (first, later)]
        assert shown[0] != shown[1]
