"""A batch that is opened is the batch that was trained on."""

from array import array

import numpy as np
import pytest
import torch

from hw5core import datasets
from hw5core.batches import answers, open_batch
from hw5core.config import RunConfig
from hw5core.networks import initial_network
from hw5core.progress import Progress
from hw5core.records import RunStarted
from hw5core.runs import Run, Status
from hw5core.training import standardise, train

CONFIG = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)


@pytest.fixture(scope="module")
def story() -> Progress:
    run = Run(CONFIG.run_id, CONFIG, Status.FINISHED, "", 1, created=0.0, changed=0.0, server="")
    progress = Progress(run, losses=array("d"))
    for record in train(CONFIG, datasets.load("digits")):
        progress.fold(record)
    return progress


def test_the_first_batch_is_what_the_fresh_network_makes_of_it(story: Progress) -> None:
    assert isinstance(story.started, RunStarted)
    batch, found = open_batch(CONFIG, 0), answers(story, 0)
    network = initial_network(CONFIG.architecture, CONFIG.seed)
    with torch.inference_mode():
        logits = network(standardise(batch.images))
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.labels), reduction="none")
    np.testing.assert_allclose([answer.loss for answer in found], losses.numpy(), rtol=1e-4)
    assert [answer.prediction for answer in found] == logits.argmax(1).tolist()


@pytest.mark.parametrize("step", [0, 1, 214, 215, 216, 431])
def test_a_batchs_answers_average_to_its_point_on_the_curve(story: Progress, step: int) -> None:
    found = answers(story, step)
    # 1,079 images make 215 batches of five and one of four.
    assert len(found) == len(open_batch(CONFIG, step).labels) == (4 if step % 216 == 215 else 5)
    assert np.mean([answer.loss for answer in found]) == pytest.approx(story.losses[step], rel=1e-5)


def test_predictions_explain_the_losses(story: Progress) -> None:
    """A right prediction has the largest logit of ten, so its loss is below ln 10."""
    for step in (300, 400):
        labels = open_batch(CONFIG, step).labels
        right = [one for one, label in zip(answers(story, step), labels, strict=True) if one.prediction == label]
        assert all(answer.loss < np.log(10) for answer in right)


def test_a_batch_that_has_not_come_yet_has_no_answers(story: Progress) -> None:
    assert answers(Progress(story.run, losses=array("d")), 0) == []
