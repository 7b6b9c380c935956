"""One batch of a run: its images are those that were trained on, and its predictions explain its losses."""

import numpy as np
import pytest
import torch

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.batches import Prediction, open_batch, predictions_in
from hw5core.training.inputs import standardise
from hw5core.training.loop import train
from hw5core.training.modules import initial_network

CONFIG = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    filled = RunStore(tmp_path_factory.mktemp("store"))
    filled.claim(CONFIG)
    for record in train(CONFIG, datasets.load("digits")):
        filled.add(CONFIG.run_id, record)
    return filled


def _predictions(store: RunStore, step: int) -> list[Prediction]:
    return predictions_in(store.losses_of_batch(CONFIG.run_id, step), CONFIG, step)


def test_the_predictions_for_the_first_batch_are_those_of_the_initial_network(store: RunStore) -> None:
    batch, predictions = open_batch(CONFIG, 0), _predictions(store, 0)
    network = initial_network(CONFIG.architecture, CONFIG.seed)
    with torch.inference_mode():
        logits = network(standardise(batch.images, "digits"))
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.labels), reduction="none")
    np.testing.assert_allclose([one.loss for one in predictions], losses.numpy(), rtol=1e-4)
    assert [one.label for one in predictions] == logits.argmax(1).tolist()


@pytest.mark.parametrize("step", [0, 1, 214, 215, 216, 431])
def test_the_losses_of_a_batchs_images_average_to_its_point_on_the_curve(store: RunStore, step: int) -> None:
    predictions, history = _predictions(store, step), Follower(store, CONFIG.run_id).read()
    assert history is not None
    # 1,079 images make 215 batches of five and one of four.
    assert len(predictions) == len(open_batch(CONFIG, step).labels) == (4 if step % 216 == 215 else 5)
    assert np.mean([one.loss for one in predictions]) == pytest.approx(history.losses[step], rel=1e-5)


def test_an_image_that_is_predicted_correctly_has_a_small_loss(store: RunStore) -> None:
    """A correct prediction has the largest of ten logits, so its loss is below ln 10."""
    for step in (300, 400):
        labels = open_batch(CONFIG, step).labels
        correct = [one for one, label in zip(_predictions(store, step), labels, strict=True) if one.label == label]
        assert all(one.loss < np.log(10) for one in correct)


def test_a_batch_that_was_not_trained_yet_has_no_predictions(store: RunStore) -> None:
    assert _predictions(store, CONFIG.total_steps - 1)
    assert _predictions(store, CONFIG.total_steps) == []
    assert predictions_in(store.losses_of_batch("0" * 16, 0), CONFIG, 0) == []
