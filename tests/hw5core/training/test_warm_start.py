"""The warm start of a fork: without changes it has its parent's numbers, and a change affects nothing else."""

import io
from dataclasses import replace
from typing import Any

import pytest
import torch

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.runs.records import Checkpoint, Record
from hw5core.training.backprop import Backprop
from hw5core.training.evaluation import evaluate
from hw5core.training.loop import train
from hw5core.training.modules import initial_network
from hw5core.training.single_step import measure
from hw5core.training.warm_start import starting_checkpoint
from tests.hw5core.histories import numbers

PLAIN = RunConfig(
    network="1x28x28 conv4k3p1 sigmoid avgpool4 conv6k3 sigmoid dropout0.25 flatten linear10",
    activation="sigmoid",
    momentum=0.5,
    training_images=100,
    epochs=3,
)
NORMALISED = replace(PLAIN, network=fork(PLAIN, 0, "sigmoid", 0.1, Normalisation.INSERTED).network)


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


def _records(config: RunConfig, pool: Pool, resume: Checkpoint | None = None) -> list[Record]:
    return list(train(config, pool, resume))


def _checkpoint(records: list[Record], epoch: int) -> Checkpoint:
    return next(record for record in records if isinstance(record, Checkpoint) and record.epoch == epoch)


def _state(checkpoint: Checkpoint) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(io.BytesIO(checkpoint.state), weights_only=True)
    return state


@pytest.mark.parametrize("parent", [PLAIN, NORMALISED], ids=["plain", "normalised"])
def test_a_fork_that_changes_nothing_has_the_numbers_of_its_parent(digits: Pool, parent: RunConfig) -> None:
    whole = _records(parent, digits)
    same = fork(parent, 0, parent.activation, parent.learning_rate)
    rest = _records(same, digits, _checkpoint(whole, 0))
    ours, theirs = numbers(rest), numbers(whole)
    assert ours["losses"] == theirs["losses"][same.first_step :]
    assert ours["epochs"] == theirs["epochs"][1:]
    # The first batch is measured, and the hundredth is not reached.
    assert [one.step for one in ours["statistics"]] == [same.first_step]
    # The same holds for a fork of that fork.
    again = fork(same, 1, parent.activation, parent.learning_rate)
    assert numbers(_records(again, digits, _checkpoint(rest, 1)))["losses"] == ours["losses"][same.steps_per_epoch :]


def test_another_activation_continues_with_all_weights_and_velocities(digits: Pool) -> None:
    given = _checkpoint(_records(PLAIN, digits), 1)
    taken = starting_checkpoint(fork(PLAIN, 1, "relu", 0.005), given)
    before, after = _state(given), _state(taken)
    assert all(torch.equal(before["network"][name], after["network"][name]) for name in before["network"])
    assert all(torch.equal(one, other) for one, other in zip(before["velocities"], after["velocities"], strict=True))
    assert any(velocity.abs().max() > 0 for velocity in after["velocities"])


def test_inserted_normalisation_starts_fresh_between_weights_that_continue(digits: Pool) -> None:
    given = _checkpoint(_records(PLAIN, digits), 1)
    config = fork(PLAIN, 1, "sigmoid", 0.005, Normalisation.INSERTED)
    state = _state(starting_checkpoint(config, given))
    before, after = _state(given)["network"], state["network"]
    moved = {"0": "0", "3": "4", "7": "9"}  # conv, conv, linear: two normalisations lie between them
    for old, new in moved.items():
        assert torch.equal(before[f"{old}.weight"], after[f"{new}.weight"])
        assert torch.equal(before[f"{old}.bias"], after[f"{new}.bias"])
    fresh = initial_network(config.architecture, config.seed)
    for number in (1, 5):
        assert isinstance(fresh[number], torch.nn.BatchNorm2d)
        assert torch.equal(after[f"{number}.weight"], torch.ones_like(after[f"{number}.weight"]))
        assert torch.equal(after[f"{number}.running_mean"], torch.zeros_like(after[f"{number}.running_mean"]))
    names = [name for name, _ in fresh.named_parameters()]
    velocities = dict(zip(names, state["velocities"], strict=True))
    assert torch.equal(velocities["4.weight"], _state(given)["velocities"][2])
    assert velocities["1.weight"].abs().max() == 0


def test_removed_normalisation_leaves_the_other_layers_unchanged(digits: Pool) -> None:
    given = _checkpoint(_records(NORMALISED, digits), 1)
    config = fork(NORMALISED, 1, "sigmoid", 0.005, Normalisation.REMOVED)
    network = initial_network(config.architecture, config.seed)
    network.load_state_dict(_state(starting_checkpoint(config, given))["network"])
    normalised = initial_network(NORMALISED.architecture, NORMALISED.seed)
    normalised.load_state_dict(_state(given)["network"])
    stripped = torch.nn.Sequential(*(layer for layer in normalised if not isinstance(layer, torch.nn.BatchNorm2d)))
    images, labels = digits.images[:50], digits.labels[:50]
    with torch.no_grad():
        own, theirs = (evaluate(Backprop(one, 0.0), images, labels, "digits") for one in (network, stripped))
    assert own == theirs


def test_a_fork_continues_from_its_own_checkpoints_with_the_same_numbers(digits: Pool) -> None:
    config = fork(PLAIN, 0, "relu", 0.02, Normalisation.INSERTED)
    whole = _records(config, digits, _checkpoint(_records(PLAIN, digits), 0))
    later = _checkpoint(whole, 1)
    assert starting_checkpoint(config, later) is later
    rest = numbers(_records(config, digits, later))
    assert rest["losses"] == numbers(whole)["losses"][later.step - config.first_step :]
    assert rest["epochs"] == numbers(whole)["epochs"][1:]


def test_a_forks_first_step_is_measured_with_the_weights_of_its_parent(digits: Pool) -> None:
    given = _checkpoint(_records(PLAIN, digits), 1)
    config = fork(PLAIN, 1, "relu", 0.005, Normalisation.INSERTED)
    measured = measure(config, digits, given)
    assert measured.step == config.first_step
    assert measured.layers[0].weight_norm == pytest.approx(_state(given)["network"]["0.weight"].norm().item())
