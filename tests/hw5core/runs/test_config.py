"""Configs of runs: limits, canonical form and id."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from hw5core.errors import ArchitectureError, ConfigError
from hw5core.runs.config import ADDED_LATER, SETTINGS, RunConfig, race
from hw5core.runs.forks import Normalisation, fork, normalisation_of

TINY = "1x28x28 flatten linear10 relu linear10"


def test_the_defaults_are_the_homeworks_settings() -> None:
    config = RunConfig(dataset="mnist")
    assert (config.batch_size, config.epochs, config.learning_rate, config.momentum) == (5, 5, 0.005, 0.0)
    assert config.steps_per_epoch == 8_400
    assert config.total_steps == 42_000


def test_equal_runs_written_differently_have_the_same_id() -> None:
    written_out = RunConfig(network="1x28x28   flatten linear10 relu linear10", learning_rate=1)
    assert written_out.run_id == RunConfig(network=TINY, learning_rate=1.0).run_id


def test_every_setting_changes_the_id() -> None:
    base = RunConfig()
    other: dict[str, Any] = {"dataset": "mnist", "network": TINY, "activation": "tanh", "learning_rate": 0.1}
    numbers = {name: int(one.lowest) + 1 for name, one in SETTINGS.items() if name not in other and not one.choices}
    numbers["momentum"] = 0.5  # type: ignore[assignment]
    ids = [RunConfig(**{name: value}).run_id for name, value in {**numbers, **other}.items()]
    assert len({base.run_id, *ids}) == 1 + len(ids)


def test_runs_from_before_the_latest_settings_keep_their_ids() -> None:
    # The ids of the recordings, whose receipts do not know the setting.
    assert [one.run_id for one in race(RunConfig(dataset="mnist"))] == ["6ce7e4242f4fd458", "34cf3d8024ebe82b"]
    stored = {name: value for name, value in asdict(RunConfig(momentum=0.5)).items() if name not in ADDED_LATER}
    assert RunConfig(**stored) == RunConfig(momentum=0.5)


def test_one_activation_can_be_a_relu() -> None:
    network = "1x28x28 conv2k3 tanh conv2k3 tanh flatten linear10"
    mixed = RunConfig(network=network, activation="sigmoid", relu_layer=2)
    assert str(mixed.architecture) == "1x28x28 conv2k3 sigmoid conv2k3 relu flatten linear10"
    plain = replace(mixed, relu_layer=0)
    assert mixed.network == plain.network
    assert mixed != plain
    assert str(replace(mixed, activation="tanh").architecture) == network.replace("tanh flatten", "relu flatten")
    assert replace(mixed, network=str(mixed.architecture)) == mixed
    with pytest.raises(ConfigError, match="has 2 activations, so number 3 cannot be a ReLU"):
        replace(mixed, relu_layer=3)
    child = fork(replace(mixed, epochs=3), 0, "tanh", 0.1, Normalisation.INSERTED)
    assert str(child.architecture) == "1x28x28 conv2k3 bn tanh conv2k3 bn relu flatten linear10"
    assert normalisation_of(child) is Normalisation.INSERTED


def test_the_runs_of_a_race_differ_only_in_the_activation() -> None:
    relu, sigmoid = race(RunConfig(network=TINY, seed=3))
    assert (relu.activation, sigmoid.activation) == ("relu", "sigmoid")
    assert relu.network.replace("relu", "sigmoid") == sigmoid.network
    assert relu.run_id != sigmoid.run_id
    assert race(relu, ["relu", "relu"]) == (relu,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be from 1"),
        ({"epochs": 2.5}, "whole number"),
        ({"epochs": True}, "epochs must be from"),
        ({"learning_rate": float("nan")}, "learning rate must be from"),
        ({"dataset": "cats"}, "must be one of digits, mnist, fashion"),
        ({"activation": "swoosh"}, "must be one of relu, sigmoid"),
        ({"network": "3x28x28 flatten linear10 relu"}, "the network must start with 1x28x28"),
        ({"network": "1x28x28 flatten linear9 relu"}, "flatten and linear10"),
        ({"network": "1x28x28 flatten linear10"}, "no activation to compare"),
        (
            {"network": "1x28x28 flatten relu linear10 softmax"},
            "layer 4, softmax: the loss of a race, cross-entropy, includes a softmax: remove this one",
        ),
        ({"network": "1x28x28 flatten relu linear10 logsoftmax"}, "layer 4, log-softmax: the loss of a race"),
        ({"network": "1x28x28 flatten linear100000 relu linear10"}, "the limits for training are 20,000,000"),
    ],
)
def test_settings_that_cannot_be_trained_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RunConfig(**settings)
    assert message in str(raised.value)


def test_a_network_that_does_not_fit_names_its_layer() -> None:
    with pytest.raises(ArchitectureError, match="layer 1: kernel 31 does not fit"):
        RunConfig(network="1x28x28 conv8k31 relu flatten linear10")
