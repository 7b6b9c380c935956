"""One batch in depth: the curve and the gradient against autograd, and against the step that training takes."""

import copy

import pytest
import torch
from torch.nn import functional

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import BatchLosses, Checkpoint
from hw5core.training.inputs import batch_indices, standardise
from hw5core.training.loop import train
from hw5core.training.modules import initial_network
from hw5core.training.one_batch import RATES, look_into_batch

STEP = 4


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


@pytest.mark.parametrize("config", race(RunConfig(learning_rate=0.05), ["relu", "sigmoid", "gelu"]), ids=str)
def test_the_curve_and_the_gradient_are_those_of_autograd(config: RunConfig, digits: Pool) -> None:
    found = look_into_batch(config, digits, STEP)
    network = initial_network(config.architecture, config.seed).double()
    chosen = batch_indices(config, len(digits.labels), STEP)
    images, labels = standardise(digits.images[chosen], "digits").double(), torch.from_numpy(digits.labels[chosen])
    loss = functional.cross_entropy(network(images), labels)
    loss.backward()
    assert found.before == pytest.approx(loss.item(), rel=1e-9)
    for rate, expected in [*list(zip(RATES, found.losses, strict=True))[::15], (0.05, found.after)]:
        moved = copy.deepcopy(network)
        optimiser = torch.optim.SGD(moved.parameters(), lr=rate)
        for own, source in zip(moved.parameters(), network.parameters(), strict=True):
            own.grad = source.grad
        optimiser.step()
        assert functional.cross_entropy(moved(images), labels).item() == pytest.approx(expected, rel=1e-7)
    weights = next(network.parameters())
    assert weights.grad is not None
    assert found.check.layer == "Conv2d-1"
    assert found.check.backpropagation == pytest.approx(weights.grad[found.check.weight].item(), rel=1e-7)
    assert abs(found.check.backpropagation) == pytest.approx(weights.grad.abs().max().item(), rel=1e-7)
    assert found.check.difference == pytest.approx(found.check.backpropagation, rel=1e-5)


def test_the_best_rate_has_the_smallest_loss(digits: Pool) -> None:
    found = look_into_batch(RunConfig(activation="sigmoid"), digits, 0)
    rate, loss = found.best
    assert loss == min(found.losses)
    assert found.losses[RATES.index(rate)] == loss
    assert loss < found.after < found.before


def test_dropout_and_normalisation_are_those_of_the_training_step(digits: Pool) -> None:
    config = RunConfig(network="1x28x28 conv4k3p1 relu bn dropout0.25 maxpool4 flatten linear10", training_images=50)
    found = look_into_batch(config, digits, 1)
    assert found.check.difference == pytest.approx(found.check.backpropagation, rel=1e-4)
    assert found == look_into_batch(config, digits, 1)


def test_a_checkpoint_has_the_loss_of_the_batch_that_training_takes_next(digits: Pool) -> None:
    config = RunConfig(network="1x28x28 conv4k3p1 relu maxpool4 flatten linear10", training_images=50, epochs=2)
    records = list(train(config, digits))
    checkpoint = next(one for one in records if isinstance(one, Checkpoint) and one.step == 10)
    losses = [loss for one in records if isinstance(one, BatchLosses) for loss in one.losses]
    found = look_into_batch(config, digits, 10, checkpoint)
    assert found.before == pytest.approx(losses[10], rel=1e-5)
    assert found.check.difference == pytest.approx(found.check.backpropagation, rel=1e-4)


def test_a_network_without_weights_has_no_gradient(digits: Pool) -> None:
    config = RunConfig(network="1x28x28 adaptiveavgpool2x5 relu flatten")
    with pytest.raises(ConfigError, match="the network has no weights"):
        look_into_batch(config, digits, 0)
