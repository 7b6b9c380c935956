"""A batch that is opened is the batch that was trained on."""

import numpy as np
import pytest
import torch

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.batches import Answer, answers, open_batch
from hw5core.training.loop import standardise, train
from hw5core.training.modules import initial_network

CONFIG = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    kept = RunStore(tmp_path_factory.mktemp("store"))
    kept.claim(CONFIG)
    for record in train(CONFIG, datasets.load("digits")):
        kept.add(CONFIG.run_id, record)
    return kept


def _answers(store: RunStore, step: int) -> list[Answer]:
    return answers(store.report_of(CONFIG.run_id, step), CONFIG, step)


def test_the_first_batch_is_what_the_fresh_network_makes_of_it(store: RunStore) -> None:
    batch, found = open_batch(CONFIG, 0), _answers(store, 0)
    network = initial_network(CONFIG.architecture, CONFIG.seed)
    with torch.inference_mode():
        logits = network(standardise(batch.images, "digits"))
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.labels), reduction="none")
    np.testing.assert_allclose([answer.loss for answer in found], losses.numpy(), rtol=1e-4)
    assert [answer.prediction for answer in found] == logits.argmax(1).tolist()


@pytest.mark.parametrize("step", [0, 1, 214, 215, 216, 431])
def test_a_batchs_answers_average_to_its_point_on_the_curve(store: RunStore, step: int) -> None:
    found, story = _answers(store, step), Follower(store, CONFIG.run_id).read()
    assert story is not None
    # 1,079 images make 215 batches of five and one of four.
    assert len(found) == len(open_batch(CONFIG, step).labels) == (4 if step % 216 == 215 else 5)
    assert np.mean([answer.loss for answer in found]) == pytest.approx(story.losses[step], rel=1e-5)


def test_predictions_explain_the_losses(store: RunStore) -> None:
    """A right prediction has the largest logit of ten, so its loss is below ln 10."""
    for step in (300, 400):
        labels = open_batch(CONFIG, step).labels
        right = [one for one, label in zip(_answers(store, step), labels, strict=True) if one.prediction == label]
        assert all(answer.loss < np.log(10) for answer in right)


def test_a_batch_that_has_not_come_yet_has_no_answers(store: RunStore) -> None:
    assert _answers(store, CONFIG.total_steps - 1)
    assert _answers(store, CONFIG.total_steps) == []
    assert answers(store.report_of("0" * 16, 0), CONFIG, 0) == []
