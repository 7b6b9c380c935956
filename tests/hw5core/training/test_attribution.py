"""The maps of attribution, against plain modules of PyTorch with hooks, autograd and a loop over the squares."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from hw5core.runs.attribution import Attributed, Method
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import weights_of_recording
from hw5core.training.attribution import attributions
from hw5core.training.modules import initial_network
from hw5core.training.tensors import tensors_of
from pages.parts.inside.drawing_pad import example_digit

IMAGE = example_digit()
LABEL = 3


def _plain(activation: type[nn.Module], tensors: dict[str, np.ndarray]) -> nn.Sequential:
    """The homework's network, written out once more without the lab."""
    network = nn.Sequential(
        nn.Conv2d(1, 10, 5), activation(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), activation(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), activation(), nn.Linear(50, 10),
    )  # fmt: skip
    network.load_state_dict({name: torch.tensor(values) for name, values in tensors.items()})
    return network.eval()


def _inputs(image: np.ndarray) -> torch.Tensor:
    return ((torch.tensor(image).float() / 255 - 0.1307) / 0.3081)[None, None]


def _check(found: Attributed, network: nn.Sequential) -> None:
    inputs = _inputs(IMAGE).requires_grad_()
    maps = network[:5](inputs)  # until the activation of the second convolution
    maps.retain_grad()
    score = network[5:](maps)[0, LABEL]
    score.backward()
    assert inputs.grad is not None
    assert maps.grad is not None
    np.testing.assert_allclose(found.score, score.item(), rtol=1e-5)
    np.testing.assert_allclose(found.maps[Method.GRADIENT], inputs.grad[0, 0].abs().numpy(), rtol=1e-3, atol=1e-5)
    weights = maps.grad[0].mean(dim=(1, 2))
    expected = torch.einsum("c,chw->hw", weights, maps[0]).clamp(min=0).detach().numpy()
    np.testing.assert_allclose(found.maps[Method.GRAD_CAM], expected, rtol=1e-3, atol=1e-5)
    assert found.maps[Method.OCCLUSION].shape == (14, 14)
    for row, column in ((0, 0), (5, 6), (7, 3), (13, 13), (0, 9)):
        covered = IMAGE.copy()
        for y in range(28):
            for x in range(28):
                # The square has two pixels on each side of the 2x2 pixels for which the place stands.
                if 2 * row - 2 <= y <= 2 * row + 3 and 2 * column - 2 <= x <= 2 * column + 3:
                    covered[y, x] = 0
        with torch.no_grad():
            fall = score.item() - network(_inputs(covered))[0, LABEL].item()
        np.testing.assert_allclose(found.maps[Method.OCCLUSION][row, column], fall, rtol=1e-3, atol=1e-4)


def test_the_highest_seed_has_random_weights_too() -> None:
    config = RunConfig(network="1x28x28 flatten linear10 relu linear10", seed=2**31 - 1)
    found = attributions(config, tensors_of(config, None), IMAGE, LABEL)
    assert [one.weights for one in found] == [
        "learned",
        "random from Linear-4",
        "random from Linear-2",
        "initial weights",
    ]
    assert found[0].score != found[1].score


@pytest.mark.parametrize(("number", "activation"), [(0, nn.ReLU), (1, nn.Sigmoid)])
def test_the_maps_are_those_of_plain_modules(number: int, activation: type[nn.Module]) -> None:
    config, tensors = RACE[number], weights_of_recording(RACE[number], 4).tensors
    found = attributions(config, tensors, IMAGE, LABEL)
    _check(found[0], _plain(activation, tensors))
    first = initial_network(config.architecture, config.seed).state_dict()
    _check(found[-1], _plain(activation, {name: values.numpy() for name, values in first.items()}))


def test_layers_become_random_one_by_one_from_the_output() -> None:
    config, learned = RACE[0], weights_of_recording(RACE[0], 4).tensors
    found = attributions(config, learned, IMAGE, LABEL)
    assert [one.weights for one in found] == [
        "learned", "random from Linear-10", "random from Linear-8", "random from Conv2d-4", "random from Conv2d-1",
        "initial weights",
    ]  # fmt: skip
    random = tensors_of(replace(config, seed=config.seed + 1_000_003), None)
    for one, kept in zip(found[1:5], ("0 3 7", "0 3", "0", ""), strict=True):
        mixed = {name: (learned if name.split(".")[0] in kept.split() else random)[name] for name in learned}
        _check(one, _plain(nn.ReLU, mixed))


def test_a_network_without_a_convolution_has_no_grad_cam() -> None:
    config = RunConfig(network="1x28x28 flatten linear16 relu linear10")
    found = attributions(config, tensors_of(config, None), IMAGE, LABEL)
    assert [set(one.maps) for one in found] == [{Method.OCCLUSION, Method.GRADIENT}] * 4


def test_a_normalisation_after_the_last_convolution_belongs_to_its_maps() -> None:
    config = RunConfig(network="1x28x28 conv3k5 bn relu avgpool4 flatten linear10")
    tensors = tensors_of(config, None)
    found = attributions(config, tensors, IMAGE, LABEL)[0]
    network = initial_network(config.architecture, config.seed).eval()
    maps = network[:3](_inputs(IMAGE)).detach().requires_grad_()
    (by_map,) = torch.autograd.grad(network[3:](maps)[0, LABEL], maps)
    expected = (by_map.mean((2, 3))[0, :, None, None] * maps[0]).sum(0).clamp(min=0).detach()
    np.testing.assert_allclose(found.maps[Method.GRAD_CAM], expected.numpy(), atol=1e-6)
