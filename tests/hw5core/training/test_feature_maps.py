"""Feature maps and filters: those of plain modules, for the homework's network and for every kind of convolution."""

import numpy as np
import pytest
import torch
from torch import nn

from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import MAX_MAPS, MAX_VALUES, shown_maps
from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import weights_of_recording
from hw5core.training.feature_maps import feature_maps
from hw5core.training.predictions import feature_maps_at
from hw5core.training.tensors import tensors_of

IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def _inputs() -> torch.Tensor:
    """IMAGE as MNIST is standardised: with its mean 0.1307 and its standard deviation 0.3081."""
    return (torch.tensor(IMAGE).float()[None, None] / 255 - 0.1307) / 0.3081


@pytest.mark.parametrize("epoch", [0, 4])
def test_the_maps_of_the_homeworks_networks_are_those_of_plain_modules(epoch: int) -> None:
    weights = tuple(weights_of_recording(config, epoch) for config in RACE)
    sources = tuple(one.tensors for one in weights)
    for number in range(1, 11):
        found = feature_maps_at(RACE, sources, IMAGE.tobytes(), number, (0, 0, 0) if number < 7 else (0,))
        for one, tensors, activation in zip(found, sources, (nn.ReLU(), nn.Sigmoid()), strict=True):
            network = nn.Sequential(
                nn.Conv2d(1, 10, 5), activation, nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), activation, nn.MaxPool2d(2),
                nn.Flatten(), nn.Linear(320, 50), activation, nn.Linear(50, 10),
            )  # fmt: skip
            network.load_state_dict({name: torch.tensor(values) for name, values in tensors.items()})
            with torch.no_grad():
                expected = network[:number](_inputs())[0].numpy()
            size = expected.size
            np.testing.assert_allclose(one.values.ravel()[:size], expected.ravel(), rtol=1e-4, atol=1e-5)
            assert not one.values.ravel()[size:].any()
            assert one.values.shape == (expected.shape if expected.ndim == 3 else (1, -(-size // 10), 10))
            if number in (1, 4):
                np.testing.assert_array_equal(one.filters, tensors[f"{number - 1}.weight"])
            else:
                assert one.filters is None


@pytest.mark.parametrize(
    "text",
    ["conv6k3g3 relu convt4k3x2s2g2 relu", "convt3k2 relu conv4k3p1d2nobias sigmoid", "conv2k3 bn prelu gn2 lrn3 relu"],
)
def test_filters_belong_to_their_maps(text: str) -> None:
    """With a filter set to zero, exactly its map has no value but the bias."""
    config = RunConfig(network=f"1x28x28 conv6k1 {text} flatten linear10", activation="tanh")
    tensors = tensors_of(config, None)
    for row in count(config.architecture).rows[:4]:
        found = feature_maps(config, tensors, IMAGE, row.number, (0, 0, 0))
        assert found.values.shape == row.output_shape
        if found.filters is None:
            continue
        weight = tensors[f"{row.number - 1}.weight"]
        for number, filter_ in enumerate(found.filters):
            same = np.isin(weight, filter_)
            assert same.sum() == filter_.size
            changed = tensors | {f"{row.number - 1}.weight": np.where(same, 0, weight)}
            values = feature_maps(config, changed, IMAGE, row.number, (0, 0, 0)).values
            without = [not np.ptp(one) for one in values]
            assert without == [one == number for one in range(len(values))]


def test_a_large_layer_is_bounded_and_the_first_maps_are_shown() -> None:
    config = RunConfig(network="1x28x28 conv70k3p1 relu convt2k9s9 relu avgpool20 flatten linear5000 relu linear10")
    tensors = tensors_of(config, None)
    first, wide = (feature_maps(config, tensors, IMAGE, number, (0, 0, 0)) for number in (1, 3))
    assert first.values.shape == (20, 28, 28)
    np.testing.assert_array_equal(first.filters, tensors["0.weight"][:20])
    assert wide.values.shape == (0, 252, 252)
    assert wide.filters.shape[0] == 0
    assert feature_maps(config, tensors, IMAGE, 7, (4_999,)).values.shape == (1, 500, 10)


@pytest.mark.parametrize("shape", [(512, 7, 7), (3, 128, 128), (3, 129, 128), (1, 1, 1), (1,), (9,), (25,), (10**6,)])
def test_no_more_values_are_shown_than_the_limit(shape: tuple[int, ...]) -> None:
    maps, height, width = shown_maps(shape)
    assert maps * height * width <= MAX_VALUES
    assert maps <= MAX_MAPS
