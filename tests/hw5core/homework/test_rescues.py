"""The rescues of a network that only guesses: what each changes, how it trains, and the verdict on it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hw5core.data.datasets import DATASETS, loaded
from hw5core.homework.evidence import Verdict
from hw5core.homework.rescues import judge, pairs, rescues, with_seeds
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import BatchLosses, EpochResult
from hw5core.runs.run import Run, Status
from hw5core.training.inputs import batch_indices
from hw5core.training.loop import train

SIGMOID = RunConfig(activation="sigmoid", training_images=100, epochs=2, learning_rate=0.05)
RESCUES = {one.label: one.config for one in rescues(SIGMOID)}
GUESS = math.log(10)


def _history(config: RunConfig, guesses: int, accuracy: float = 90.0) -> RunHistory:
    """Return a run of 1,000 batches that guesses in the first ones, with the result of one epoch."""
    losses = np.array([GUESS] * guesses + [0.4] * (1000 - guesses))
    epochs = (EpochResult(0, 999, 0.4, accuracy, accuracy, 1.0, 1.0),)
    return RunHistory(Run(config.run_id, config, Status.FINISHED, "", 1), losses=losses, epochs=epochs)


def test_each_rescue_changes_one_setting() -> None:
    changed = {
        label: [name for name in ("network", *_SETTINGS) if getattr(config, name) != getattr(SIGMOID, name)]
        for label, config in RESCUES.items()
    }
    assert changed == {
        "Xavier initialisation": ["initialisation"],
        "batch normalisation": ["network"],
        "learning rate 0.5": ["learning_rate"],
        "momentum 0.9": ["momentum"],
        "tanh": ["network", "activation"],  # the text of a network names its activation
        "ReLU in the first layer only": ["relu_layer"],
    }


_SETTINGS = ("activation", "initialisation", "learning_rate", "momentum", "relu_layer", "seed", "epochs", "batch_size")


def test_a_change_that_the_run_has_already_is_no_rescue() -> None:
    changed = replace(SIGMOID, initialisation="xavier", momentum=0.95)
    labels = [one.label for one in rescues(changed)]
    assert "Xavier initialisation" not in labels
    assert "momentum 0.9" not in labels
    linear = replace(SIGMOID, network="1x28x28 flatten linear9 sigmoid linear10")
    assert "batch normalisation" not in [one.label for one in rescues(linear)]


def test_the_label_of_a_rate_is_the_rate() -> None:
    fast = {one.label: one.config.learning_rate for one in rescues(replace(SIGMOID, learning_rate=2.0))}
    assert fast["learning rate 10"] == 10


def _layers(label: str) -> nn.Sequential:
    """Return the homework's network with one change, from PyTorch's own modules, with its own initial weights."""
    normalise = label == "batch normalisation"
    activation = nn.Tanh if label == "tanh" else nn.Sigmoid
    first = nn.ReLU if label == "ReLU in the first layer only" else activation
    layers = [
        nn.Conv2d(1, 10, 5), *[nn.BatchNorm2d(10)] * normalise, first(), nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 5), *[nn.BatchNorm2d(20)] * normalise, activation(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), activation(), nn.Linear(50, 10),
    ]  # fmt: skip
    generator = torch.Generator().manual_seed(SIGMOID.seed)
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.bias is not None
            if label == "Xavier initialisation":
                nn.init.xavier_uniform_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)
            else:
                nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
                bound = 1 / math.sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return nn.Sequential(*layers)


def _batch(step: int) -> tuple[Tensor, Tensor]:
    pool, dataset = loaded(SIGMOID.dataset), DATASETS[SIGMOID.dataset]
    chosen = batch_indices(SIGMOID, len(pool.labels), step)
    images = torch.from_numpy(pool.images[chosen]).float() / 255
    return ((images - dataset.mean) / dataset.std).unsqueeze(1), torch.from_numpy(pool.labels[chosen])


@pytest.mark.parametrize("label", RESCUES)
def test_a_rescue_trains_as_a_plain_loop_with_pytorchs_optimiser(label: str) -> None:
    config = RESCUES[label]
    network = _layers(label)
    rate, momentum = (0.5 if "rate" in label else 0.05), (0.9 if "momentum" in label else 0.0)
    optimiser = torch.optim.SGD(network.parameters(), lr=rate, momentum=momentum)
    expected = []
    for step in range(config.total_steps):
        images, labels = _batch(step)
        loss = nn.CrossEntropyLoss()(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        expected.append(loss.item())
    records = train(config, loaded(config.dataset))
    losses = [loss for record in records if isinstance(record, BatchLosses) for loss in record.losses]
    np.testing.assert_allclose(losses, expected, rtol=2e-4)


@pytest.mark.parametrize(
    ("guesses", "verdict"),
    [(100, Verdict.SUPPORTED), (400, Verdict.SUPPORTED), (600, Verdict.UNDECIDED), (700, Verdict.CONTRADICTED)],
)
def test_the_plateau_decides_whether_a_rescue_frees_the_network(guesses: int, verdict: Verdict) -> None:
    rescued = _history(RESCUES["momentum 0.9"], guesses, 95.0)
    judged, reason = judge("momentum 0.9", [(_history(SIGMOID, 800), rescued)])
    assert judged is verdict
    assert reason == (
        f"left ln 10 at batch {guesses:,}, the original left ln 10 at batch 800; after epoch 0, its test accuracy is "
        "95.00 %, not 90.00 %"
    )


def test_what_does_not_decide() -> None:
    rescue = RESCUES["tanh"]
    assert judge("tanh", []) == (Verdict.UNDECIDED, "not trained on this server yet")
    young = replace(_history(rescue, 1000), losses=np.array([GUESS] * 300))
    judged, reason = judge("tanh", [(_history(SIGMOID, 800), young)])
    assert judged is Verdict.UNDECIDED
    assert "not far enough yet: 300 batches" in reason
    assert "needs no rescue" in judge("tanh", [(_history(SIGMOID, 0), _history(rescue, 0))])[1]
    assert judge("tanh", [(_history(SIGMOID, 800), _history(rescue, 0))])[1].startswith(
        "left ln 10 within the first 100 batches, the original left ln 10 at batch 800"
    )
    # If the original never learns, nobody knows how much longer it would have guessed.
    assert judge("tanh", [(_history(SIGMOID, 1000), _history(rescue, 1000))])[0] is Verdict.UNDECIDED
    assert judge("tanh", [(_history(SIGMOID, 1000), _history(rescue, 200))])[0] is Verdict.SUPPORTED


def test_a_rescue_that_diverges_is_none() -> None:
    config = RESCUES["learning rate 0.5"]
    broken = replace(_history(config, 1000), losses=np.array([GUESS] * 50 + [math.nan] * 950))
    judged, reason = judge("learning rate 0.5", [(_history(SIGMOID, 800), broken)])
    assert judged is Verdict.CONTRADICTED
    assert reason == "sigmoid diverged at batch 50"


def test_several_seeds_have_to_agree() -> None:
    originals, rescued = with_seeds(SIGMOID, 3), with_seeds(RESCUES["tanh"], 3)
    assert [one.seed for one in rescued] == [0, 1, 2]
    runs = [_history(config, 800) for config in originals] + [_history(config, 200) for config in rescued[:2]]
    found = pairs(originals, rescued, {run.run_id: run for run in runs})
    assert [(one.config.seed, other.config.seed) for one, other in found] == [(0, 0), (1, 1)]
    judged, reason = judge("tanh", found)
    assert judged is Verdict.SUPPORTED
    assert reason.startswith("with tanh, 2 seeds. seed 0: left ln 10 at batch 200")
    assert judge("tanh", [*found, (runs[2], _history(rescued[2], 800))])[0] is Verdict.UNDECIDED
    highest = 2**31 - 1
    assert [one.seed for one in with_seeds(replace(SIGMOID, seed=highest), 2)] == [highest, 0]
