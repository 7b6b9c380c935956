"""The records of a training, its initial weights and its images, compared with PyTorch's own computations."""

import io
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.errors import ConfigError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.notation import parse
from hw5core.runs.config import INITIALISATIONS, RunConfig, race
from hw5core.runs.records import BatchLosses, Checkpoint, LayerReport, LayerStatistics, Record, RunFinished
from hw5core.training import loop
from hw5core.training.inputs import batch_indices, standardise
from hw5core.training.kernels import ActivationKernel
from hw5core.training.layer_figures import measure_layers
from hw5core.training.loop import train
from hw5core.training.measuring import saturated_share
from hw5core.training.modules import initial_network

SMALL = "1x28x28 conv4k3p1 relu maxpool4 flatten linear10"


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


@pytest.fixture(scope="module")
def records(digits: Pool) -> list[Record]:
    return list(train(RunConfig(network=SMALL, epochs=2), digits))


def _examples(records: list[Record]) -> list[float]:
    return [loss for record in records if isinstance(record, BatchLosses) for loss in record.examples]


def test_a_batchs_loss_is_the_mean_of_its_images(records: list[Record]) -> None:
    means = [loss for record in records if isinstance(record, BatchLosses) for loss in record.losses]
    examples = _examples(records)
    # 1,079 images: an epoch's last batch of five holds four.
    sizes = ([5] * 215 + [4]) * 2
    firsts = np.cumsum([0, *sizes[:-1]])
    np.testing.assert_allclose(means, np.add.reduceat(examples, firsts) / sizes, rtol=1e-12)


def test_the_images_of_a_batch_are_found_again_from_the_seed(digits: Pool, records: list[Record]) -> None:
    config = RunConfig(network=SMALL, epochs=2)
    chosen = batch_indices(config, len(digits.labels), 0)
    logits = initial_network(config.architecture, config.seed)(standardise(digits.images[chosen], "digits"))
    losses = nn.CrossEntropyLoss(reduction="none")(logits, torch.tensor(digits.labels[chosen]))
    np.testing.assert_allclose(_examples(records)[:5], losses.tolist(), rtol=1e-5)
    assert len(batch_indices(config, len(digits.labels), 215)) == 4
    assert set(batch_indices(config, len(digits.labels), 216)) != set(chosen)


def _statistics(records: Iterable[Record]) -> list[LayerStatistics]:
    return [one for record in records if isinstance(record, LayerReport) for one in record.batches]


def _all_batches(_config: RunConfig, _step: int) -> bool:
    return True


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_figure_of_a_layer_agrees_with_autograd(
    activation: str, digits: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The activations are before a max pooling, in a linear part, and after a batch normalisation."""
    monkeypatch.setattr(loop, "is_measured", _all_batches)
    network = (
        f"1x28x28 conv4k5 {activation} maxpool2 conv6k3 bn {activation} avgpool2 flatten linear20 {activation} linear10"
    )
    config = RunConfig(network=network, activation=activation, epochs=1, training_images=20, learning_rate=0.1)
    _assert_measured_as_with_autograd(config, digits, None)
    *_, checkpoint = train(config, digits, stop=lambda: True)
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.step == 1
    _assert_measured_as_with_autograd(config, digits, checkpoint)


def _assert_measured_as_with_autograd(config: RunConfig, images: Pool, checkpoint: Checkpoint | None) -> None:
    """Compare the figures of one batch during training with those of plain modules and autograd, in double precision
    where they are added up."""
    ours = _statistics(train(config, images, checkpoint))[0]
    theirs = measure_layers(config, images, ours.step, checkpoint)
    assert theirs.trained == ours.step
    activations = [layer for layer in theirs.layers if layer.rms_slope is not None]
    assert list(ours.outputs) == [layer.name for layer in reversed(activations)]
    for layer in activations:
        outputs = ours.outputs[layer.name]
        assert (outputs.mean, outputs.deviation) == pytest.approx((layer.mean, layer.deviation), rel=1e-4, abs=1e-6)
        assert (outputs.zeros, ours.saturated[layer.name]) == pytest.approx((layer.zeros, layer.saturated), abs=1e-3)
        assert outputs.rms_slope == pytest.approx(layer.rms_slope, rel=1e-4)
    assert set(ours.gradient_norms) == {layer.name for layer in theirs.weighted}
    for layer in theirs.weighted:
        assert ours.gradient_norms[layer.name] == pytest.approx(layer.gradient_norm, rel=1e-3)
        if layer.update_ratio is None:
            assert ours.update_ratios[layer.name] is None
        else:
            assert ours.update_ratios[layer.name] == pytest.approx(layer.update_ratio, abs=1e-3)


def test_the_norms_of_the_weights_are_those_of_pytorch(digits: Pool) -> None:
    config = RunConfig(network=SMALL, epochs=1, training_images=5)
    (measured,) = _statistics(train(config, digits))
    network = initial_network(config.architecture, config.seed)
    for name, layer in (("Conv2d-1", network[0]), ("Linear-5", network[4])):
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        assert measured.weight_norms[name] == pytest.approx(layer.weight.norm().item(), rel=1e-5)


def test_an_activation_directly_after_the_images_is_measured_too(digits: Pool) -> None:
    config = RunConfig(network="1x28x28 flatten relu linear10", epochs=1, training_images=20)
    (measured,) = _statistics(train(config, digits))
    chosen = batch_indices(config, len(digits.labels), 0)
    images = standardise(digits.images[chosen], "digits")
    assert measured.saturated["ReLU-2"] == pytest.approx((images <= 0).float().mean().item(), rel=1e-5)
    assert measured.outputs["ReLU-2"].mean == pytest.approx(images.relu().mean().item(), rel=1e-5)


def test_measuring_the_layers_changes_no_numbers(digits: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(network="1x28x28 conv4k3p1 relu bn maxpool4 flatten dropout0.5 linear10", epochs=1)
    seldom = list(train(config, digits))
    monkeypatch.setattr(loop, "is_measured", _all_batches)
    always = list(train(config, digits))
    assert len(_statistics(always)) == config.total_steps > 50 * len(_statistics(seldom))
    assert _examples(always) == _examples(seldom)
    ours, theirs = ([record for record in run if isinstance(record, Checkpoint)][-1] for run in (seldom, always))
    weights = [torch.load(io.BytesIO(one.state), weights_only=True)["network"] for one in (ours, theirs)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_network_that_has_diverged_is_measured_without_an_error(digits: Pool) -> None:
    config = RunConfig(network=SMALL, epochs=1, training_images=1_000, learning_rate=1.0, momentum=0.9)
    assert _statistics(train(config, digits))


# Where the derivatives s(1-s) and 1-t² are 0.01, and where ReLU's jumps.
@pytest.mark.parametrize(
    ("activation", "saturated_below"),
    [("relu", 0.0), ("sigmoid", -2 * math.atanh(math.sqrt(0.96))), ("tanh", -math.atanh(math.sqrt(0.99)))],
)
def test_a_unit_is_saturated_if_its_slope_is_below_a_hundredth(activation: str, saturated_below: float) -> None:
    kernel = ActivationKernel(getattr(nn, ACTIVATIONS[activation].torch_module)())
    _, saved = kernel.forward(torch.tensor([saturated_below - 0.01, saturated_below + 0.01, 0.5, 1.0]))
    assert saturated_share(kernel.activated(saved)[1]) == 0.25


@pytest.mark.parametrize("seed", [0, 7])
def test_the_default_first_weights_are_those_of_pytorch(seed: int) -> None:
    torch.manual_seed(seed)
    theirs = nn.Sequential(
        nn.Conv2d(1, 4, 3, groups=1),
        nn.PReLU(),
        nn.ConvTranspose2d(4, 6, (3, 2), groups=2),
        nn.ReLU(),
        nn.BatchNorm2d(6),
        nn.Flatten(),
        nn.Linear(6 * 28 * 27, 10),
    )
    ours = initial_network(parse("1x28x28 conv4k3 prelu convt6k3x2g2 relu bn flatten linear10"), seed)
    for (name, one), (_, other) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert torch.equal(one, other), name


@pytest.mark.parametrize(
    ("initialisation", "std"),
    [
        ("pytorch", 1 / math.sqrt(3 * 3136)),
        ("xavier", math.sqrt(2 / (3136 + 500))),
        ("he", math.sqrt(2 / 3136)),
        ("normal", 0.01),
    ],
)
def test_each_initialisation_has_its_spread(initialisation: str, std: float) -> None:
    network = initial_network(parse("1x56x56 flatten linear500"), 0, initialisation)
    layer = network[1]
    assert isinstance(layer, nn.Linear)
    assert layer.weight.std().item() == pytest.approx(std, rel=0.01)
    assert bool(layer.bias.any()) is (initialisation == "pytorch")


def test_every_initialisation_gives_all_activations_the_same_tensors(digits: Pool) -> None:
    hashes = set()
    for initialisation in INITIALISATIONS:
        configs = race(RunConfig(network=SMALL, initialisation=initialisation), ACTIVATIONS)
        starts = {next(train(config, digits)).weights_hash for config in configs}  # type: ignore[union-attr]
        assert len(starts) == 1
        hashes |= starts
    assert len(hashes) == len(INITIALISATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_trains(activation: str, digits: Pool) -> None:
    config = RunConfig(network=SMALL, epochs=1, activation=activation, training_images=200, initialisation="he")
    records = list(train(config, digits))
    losses = [loss for record in records if isinstance(record, BatchLosses) for loss in record.losses]
    assert isinstance(records[-1], RunFinished)
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


def test_a_run_with_fewer_images_sees_each_of_them_once_in_each_epoch(digits: Pool) -> None:
    config = RunConfig(network=SMALL, epochs=2, training_images=23)
    records = list(train(config, digits))
    assert config.steps_per_epoch == 5
    assert len(_examples(records)) == 46
    whole = set(datasets.split(1797, 0).train)
    epochs = [
        {index for step in range(5 * epoch, 5 * epoch + 5) for index in batch_indices(config, 1797, step)}
        for epoch in (0, 1)
    ]
    assert epochs[0] == epochs[1]
    assert len(epochs[0]) == 23
    assert epochs[0] < whole


def test_a_number_of_images_beyond_the_dataset_means_all_of_them() -> None:
    whole = RunConfig()
    assert replace(whole, training_images=1079) == whole
    assert replace(whole, training_images=42_000).run_id == whole.run_id
    assert replace(whole, training_images=1078).run_id != whole.run_id


def test_a_batch_of_one_image_cannot_be_normalised() -> None:
    network = "1x28x28 flatten linear16 bn relu linear10"
    RunConfig(network=network)
    with pytest.raises(ConfigError, match="needs two images in every batch"):
        RunConfig(network=network, training_images=101)
    # After a convolution, one image has enough values per channel.
    RunConfig(network="1x28x28 conv4k3 bn relu flatten linear10", batch_size=1)


def test_a_run_that_is_asked_to_stop_ends_with_a_checkpoint_and_continues_with_the_same_numbers(
    digits: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw5core.training.loop.REPORT_SECONDS", 0.0)
    config = RunConfig(network=SMALL, epochs=2, momentum=0.9)
    asked = iter([False] * 57 + [True])
    first = list(train(config, digits, stop=lambda: next(asked)))
    checkpoint = first[-1]
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.step == 58
    rest = list(train(config, digits, resume=checkpoint))
    assert _examples(first) + _examples(rest) == _examples(list(train(config, digits)))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_updates_the_weights_as_pytorchs_sgd_does(digits: Pool, momentum: float) -> None:
    config = RunConfig(network=SMALL, epochs=1, momentum=momentum, training_images=100)
    network = initial_network(config.architecture, config.seed)
    optimiser = torch.optim.SGD(network.parameters(), lr=config.learning_rate, momentum=momentum)
    theirs = []
    for step in range(config.total_steps):
        chosen = batch_indices(config, len(digits.labels), step)
        losses = nn.CrossEntropyLoss(reduction="none")(
            network(standardise(digits.images[chosen], "digits")), torch.tensor(digits.labels[chosen])
        )
        optimiser.zero_grad()
        losses.mean().backward()
        optimiser.step()
        theirs += losses.tolist()
    np.testing.assert_allclose(_examples(list(train(config, digits))), theirs, atol=1e-4)
