"""Exported weights: plain modules with them have the accuracy of their run, and tensors that do not fit are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hw5core.data import datasets
from hw5core.errors import WeightsError
from hw5core.network.layers import BatchNorm
from hw5core.runs import recorded, recorded_weights
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.runs.weights import Weights, from_bytes, to_bytes
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.terminal.export import exported
from hw5core.training.inputs import batch_indices
from hw5core.training.modules import initial_network
from hw5core.training.predictions import networks_at, predict, predict_at, predict_with
from hw5core.training.tensors import tensors_of
from tools.training import train_into

SMALL = RunConfig(network="1x28x28 conv3k5 relu avgpool4 flatten linear10", epochs=2)


def _plain_network(tensors: dict) -> nn.Sequential:
    """The homework's network, written out once more without the lab."""
    network = nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Linear(50, 10),
    )  # fmt: skip
    network.load_state_dict({name: torch.tensor(values) for name, values in tensors.items()})
    return network.eval()


def _test_images(config: RunConfig) -> tuple[np.ndarray, np.ndarray]:
    pool = datasets.load(config.dataset)
    chosen = datasets.split(len(pool.labels), config.seed + config.split_seed).test
    return pool.images[chosen], pool.labels[chosen]


def _accuracy(network: nn.Module, config: RunConfig) -> float:
    images, labels = _test_images(config)
    inputs = (torch.tensor(images).float() - 255 * 0.1307) / (255 * 0.3081)
    with torch.no_grad():
        predicted = network(inputs.unsqueeze(1)).argmax(1).numpy()
    return 100 * int((predicted == labels).sum()) / len(labels)


@pytest.mark.slow
def test_the_recorded_races_weights_have_its_accuracy(mnist_folder: Path) -> None:
    for history, epoch in zip(recorded.recorded_race(recorded.RACE), (4, 2), strict=True):
        weights = recorded_weights.weights_of_recording(history.config, epoch)
        network = _plain_network(weights.tensors)
        if history.config.activation == "sigmoid":
            network = nn.Sequential(*(nn.Sigmoid() if isinstance(one, nn.ReLU) else one for one in network))
        assert _accuracy(network, history.config) == history.epochs[epoch].test_accuracy


@pytest.mark.slow
def test_the_recorded_races_early_weights_are_those_of_a_plain_training(mnist_folder: Path) -> None:
    pool = datasets.load("mnist")
    for config in recorded.RACE:
        network = initial_network(config.architecture, config.seed, config.initialisation)
        optimiser = torch.optim.SGD(network.parameters(), config.learning_rate, config.momentum)
        for step in range(100):
            chosen = batch_indices(config, len(pool.labels), step)
            inputs = (torch.tensor(pool.images[chosen]).float() - 255 * 0.1307) / (255 * 0.3081)
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(inputs.unsqueeze(1)), torch.tensor(pool.labels[chosen])).backward()
            optimiser.step()
            if step + 1 in (10, 100):
                tensors = recorded_weights.tensors_of_recording(config, step + 1)
                assert tensors is not None
                for name, one in network.state_dict().items():
                    np.testing.assert_allclose(tensors[name], one, atol=1e-5)


def test_a_runs_weights_have_its_accuracy_and_so_have_those_of_its_fork(store: RunStore) -> None:
    forked = fork(SMALL, 0, "relu", 0.01, Normalisation.INSERTED)
    assert any(isinstance(layer, BatchNorm) for layer in forked.architecture.layers)
    train_into(store, SMALL, forked)
    for config in (SMALL, forked):
        history = Follower(store, config.run_id).read()
        for epoch in store.forkable_epochs(config.run_id):
            read = from_bytes(to_bytes(exported(store, history, epoch)))
            images, labels = _test_images(config)
            correct = predict(read.config, read.tensors, images).argmax(1) == labels
            result = next(one for one in history.epochs if one.epoch == epoch)
            assert 100 * int(correct.sum()) / len(labels) == result.test_accuracy
    assert store.checkpoint_of_epoch(forked.run_id, 1).step == forked.total_steps
    assert store.checkpoint_of_epoch(forked.run_id, 7) is None


def test_probabilities_are_those_of_plain_modules() -> None:
    weights = recorded_weights.weights_of_recording(recorded.RACE[0], 4)
    images = np.random.default_rng(0).integers(0, 256, (7, 28, 28), np.uint8)
    inputs = (torch.tensor(images).float() - 255 * 0.1307) / (255 * 0.3081)
    with torch.no_grad():
        expected = _plain_network(weights.tensors)(inputs.unsqueeze(1)).softmax(1).numpy()
    np.testing.assert_allclose(predict(weights.config, weights.tensors, images), expected, atol=1e-6)


def test_networks_that_a_worker_keeps_predict_the_same() -> None:
    sources = (recorded_weights.weights_of_recording(recorded.RACE[0], 4).tensors, None)
    configs = (recorded.RACE[0], recorded.RACE[1])
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8).tobytes()
    assert predict_with(networks_at(configs, sources), configs[0], image) == predict_at(configs, sources, image)


def test_before_the_first_batch_the_tensors_are_the_first_weights() -> None:
    first = initial_network(SMALL.architecture, SMALL.seed, SMALL.initialisation).state_dict()
    tensors = tensors_of(SMALL, None)
    assert tensors.keys() == first.keys()
    assert all((tensors[name] == first[name].numpy()).all() for name in first)


def _wrong(change: str) -> dict[str, np.ndarray]:
    tensors = tensors_of(SMALL, None)
    weight = tensors.pop("0.weight")
    match change:
        case "missing":
            return tensors
        case "transposed":
            return tensors | {"0.weight": weight.T}
        case "whole numbers":
            return tensors | {"0.weight": weight.astype(np.int64)}
        case _:
            return tensors | {"0.weight": weight, "7.weight": weight}


@pytest.mark.parametrize("change", ["missing", "transposed", "whole numbers", "one more"])
def test_tensors_that_do_not_fit_the_network_are_refused(change: str) -> None:
    weights = Weights(replace(SMALL), 0, _wrong(change), {})
    with pytest.raises(WeightsError, match=r"do not fit the network.*\.weight'"):
        predict(weights.config, weights.tensors, np.zeros((1, 28, 28), np.uint8))
