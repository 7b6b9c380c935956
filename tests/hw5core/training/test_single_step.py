"""Single steps: a run trained batch by batch has the same numbers, and the measurements are those of the step."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import BatchLosses, Checkpoint, MeasuredLayer, MeasuredStep, Record, RunFinished
from hw5core.training.inputs import batch_indices, standardise
from hw5core.training.loop import train
from hw5core.training.single_step import measure, one_step
from tests.hw5core.histories import numbers

# Dropout on channels, batch normalisation and momentum carry state; the last batch of an epoch holds three images.
STATEFUL = RunConfig(
    network="1x28x28 conv4k3p1 relu bn dropout0.25 maxpool4 flatten linear10",
    momentum=0.5,
    training_images=23,
    epochs=2,
)

# Dropout drops everything, so only the last layer's biases can learn.
ALL_DROPPED = replace(STATEFUL, network="1x28x28 conv4k3p1 relu dropout1 maxpool4 flatten linear10")

WITHOUT_WEIGHTS = replace(STATEFUL, network="1x28x28 adaptiveavgpool2x5 relu flatten")


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


def _stepped(config: RunConfig, pool: Pool) -> Iterator[Record]:
    """Train the whole run, one batch at a time, and yield its records."""
    checkpoint = None
    while checkpoint is None or checkpoint.step < config.total_steps:
        for record in one_step(config, pool, checkpoint):
            yield record
            checkpoint = record if isinstance(record, Checkpoint) else checkpoint


def _last_checkpoint(records: list[Record]) -> Checkpoint:
    return [record for record in records if isinstance(record, Checkpoint)][-1]


def _weights(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(checkpoint.state), weights_only=True)["network"]
    return state


@pytest.mark.parametrize(
    "config", [STATEFUL, ALL_DROPPED, WITHOUT_WEIGHTS], ids=["stateful", "all dropped", "without weights"]
)
def test_a_run_trained_in_single_steps_has_the_same_numbers(config: RunConfig, digits: Pool) -> None:
    whole, stepped = list(train(config, digits)), list(_stepped(config, digits))
    assert numbers(stepped) == numbers(whole)
    assert [record.step for record in stepped if isinstance(record, MeasuredStep)] == list(range(10))
    assert isinstance(stepped[-1], RunFinished)
    mine, yours = (_weights(_last_checkpoint(run)) for run in (whole, stepped))
    assert all(torch.equal(mine[name], yours[name]) for name in mine)


@pytest.mark.parametrize("config", [*race(RunConfig()), STATEFUL], ids=["relu", "sigmoid", "stateful"])
def test_the_measurements_are_those_of_the_step(digits: Pool, config: RunConfig) -> None:
    before = _last_checkpoint(one_step(config, digits, None))
    records = one_step(config, digits, before)
    measured = next(record for record in records if isinstance(record, MeasuredStep))
    after = _last_checkpoint(records)
    losses = next(record for record in records if isinstance(record, BatchLosses))
    assert measured.step == losses.first_step == 1

    labels = digits.labels[batch_indices(config, len(digits.labels), 1)]
    own = [-math.log(row[label]) for row, label in zip(measured.probabilities, labels, strict=True)]
    np.testing.assert_allclose(own, losses.examples, atol=1e-4)
    np.testing.assert_allclose(np.sum(measured.probabilities, axis=1), 1, atol=1e-5)

    weighted = {number: layer for number, layer in enumerate(measured.layers) if layer.update_norm is not None}
    for number, layer in weighted.items():
        old, new = (_weights(checkpoint)[f"{number}.weight"] for checkpoint in (before, after))
        assert layer.weight_norm == pytest.approx(old.norm().item(), rel=1e-5)
        # The rounding of each weight to float32 hides the smallest updates, those of sigmoid's first layer.
        assert layer.update_norm == pytest.approx((new - old).norm().item(), rel=0.02, abs=1e-6)


def test_the_gradients_agree_with_finite_differences(digits: Pool) -> None:
    """Along the gradient, the loss rises by the gradient's norm."""
    config = RunConfig(network="1x28x28 flatten linear10 relu linear10", activation="sigmoid", learning_rate=1e-6)
    before = _last_checkpoint(one_step(config, digits, None))
    measured = measure(config, digits, before)
    last = measured.layers[-1]
    assert last.gradient_norm is not None
    assert last.update_norm == pytest.approx(1e-6 * last.gradient_norm, rel=1e-5)
    images, labels = _batch(digits, config)
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 10), torch.nn.Sigmoid(), torch.nn.Linear(10, 10)
    ).double()
    network.load_state_dict(_weights(before))
    loss = torch.nn.CrossEntropyLoss()(network(images), labels)
    loss.backward()
    gradient, norm = network[3].weight.grad, last.gradient_norm
    with torch.no_grad():
        network[3].weight += 1e-4 * gradient / norm
        risen = torch.nn.CrossEntropyLoss()(network(images), labels) - loss
    assert risen.item() / 1e-4 == pytest.approx(norm, rel=1e-2)


def _batch(pool: Pool, config: RunConfig) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = batch_indices(config, len(pool.labels), 1)
    return standardise(pool.images[chosen], "digits").double(), torch.from_numpy(pool.labels[chosen])


def test_sigmoids_gradients_vanish_towards_the_first_layer(digits: Pool) -> None:
    relu, sigmoid = (_gradients(measure(config, digits, None)) for config in race(RunConfig()))
    assert sigmoid[0] / sigmoid[-1] < 1 / 100 < 1 / 10 < relu[0] / relu[-1]
    assert sigmoid[0] < relu[0] / 10


def _gradients(measured: MeasuredStep) -> list[float]:
    return [layer.gradient_norm for layer in measured.layers if layer.gradient_norm is not None]


def test_the_layers_are_in_the_order_of_the_forward_pass(digits: Pool) -> None:
    layers = measure(RunConfig(activation="sigmoid"), digits, None).layers
    assert [layer.name for layer in layers][:3] == ["Conv2d-1", "Sigmoid-2", "MaxPool2d-3"]
    assert layers[0].output_shape == (10, 24, 24)
    assert layers[1] == MeasuredLayer("Sigmoid-2", (10, 24, 24), layers[1].output_mean, layers[1].output_mean, 0.0)
    assert 0.4 < layers[1].output_mean < 0.6
    assert layers[-1].output_shape == (10,)
