"""The predictions behind a confusion matrix: their accuracy is the run's own, and plain modules predict the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hw5core.data import datasets
from hw5core.engine.tasks import images_at
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.recorded_weights import weights_of_recording
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.mistakes import classify
from hw5core.training.tensors import tensors_of
from tools.training import train_into

SMALL = RunConfig(network="1x28x28 conv3k5 relu avgpool4 flatten linear10", epochs=2)


def _share_on_the_diagonal(matrix: np.ndarray) -> float:
    return 100 * int(np.trace(matrix)) / int(matrix.sum())


def _split(config: RunConfig) -> tuple[datasets.Pool, datasets.Split]:
    pool = datasets.load(config.dataset)
    return pool, datasets.split(len(pool.labels), config.seed + config.split_seed)


@pytest.mark.slow
def test_the_diagonal_of_the_recorded_races_matrix_is_its_recorded_accuracy(mnist_folder: Path) -> None:
    pool, parts = _split(RACE[0])
    for history, epoch in zip(recorded_race(RACE), (4, 2), strict=True):
        found = classify(history.config, weights_of_recording(history.config, epoch).tensors, pool, "test")
        assert _share_on_the_diagonal(found.matrix(10)) == found.accuracy == history.epochs[epoch].test_accuracy
        assert (found.labels == pool.labels[parts.test]).all()


def test_the_matrices_of_a_run_and_of_its_fork_have_their_accuracies_in_both_parts(store: RunStore) -> None:
    forked = fork(SMALL, 0, "relu", 0.01, Normalisation.INSERTED)
    train_into(store, SMALL, forked)
    for config in (SMALL, forked):
        for result in Follower(store, config.run_id).read().epochs:
            tensors = tensors_of(config, store.checkpoint_of_epoch(config.run_id, result.epoch))
            for part, recorded in (("test", result.test_accuracy), ("validation", result.validation_accuracy)):
                found = classify(config, tensors, _split(config)[0], part)
                assert _share_on_the_diagonal(found.matrix(10)) == recorded


def test_each_prediction_is_that_of_plain_modules() -> None:
    tensors = tensors_of(SMALL, None)
    pool, parts = _split(SMALL)
    network = nn.Sequential(nn.Conv2d(1, 3, 5), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(108, 10))
    network.load_state_dict({name: torch.tensor(values) for name, values in tensors.items()})
    images = (torch.tensor(pool.images[parts.validation]).float() / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        confidence, predicted = network(images.unsqueeze(1)).softmax(1).max(1)
    found = classify(SMALL, tensors, pool, "validation")
    assert found.predicted.tolist() == predicted.tolist()
    np.testing.assert_allclose(found.confidence, confidence.numpy(), atol=1e-5)


def test_the_images_at_places_are_those_of_the_part() -> None:
    pool, parts = _split(SMALL)
    for part, indices, places in (("test", parts.test, (3, 0)), ("validation", parts.validation, (5,))):
        images, labels = images_at(SMALL, part, places)
        assert (images == pool.images[indices[list(places)]]).all()
        assert (labels == pool.labels[indices[list(places)]]).all()
