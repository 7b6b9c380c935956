"""How one value is computed: terms, bias and activation, against windows cut out by hand and plain modules."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import weights_of_recording
from hw5core.runs.value_trace import MAX_TERMS, Kind, Step
from hw5core.training.feature_maps import feature_maps
from hw5core.training.modules import build
from hw5core.training.predictions import feature_maps_at
from hw5core.training.tensors import tensors_of

IMAGE = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)


def _inputs() -> torch.Tensor:
    """IMAGE as MNIST is standardised."""
    return (torch.tensor(IMAGE).float()[None, None] / 255 - 0.1307) / 0.3081


def _total(step: Step) -> float:
    return math.fsum([*(term.product for term in step.terms), step.rest, step.bias])


def test_a_value_of_the_homeworks_network_is_the_sum_over_its_patch_and_then_the_activation() -> None:
    sources = tuple(weights_of_recording(config, 4).tensors for config in RACE)
    for number, (channel, row, column) in ((2, (3, 10, 12)), (5, (19, 7, 0)), (5, (0, 4, 4))):
        maps = feature_maps_at(RACE, sources, IMAGE.tobytes(), number, (channel, row, column))
        traces = [one.trace for one in maps]
        for trace, tensors, activation in zip(traces, sources, (torch.relu, torch.sigmoid), strict=True):
            weight, bias = (torch.tensor(tensors[f"{number - 2}.{name}"]) for name in ("weight", "bias"))
            values = _inputs()[0]
            if number == 5:
                first = (torch.tensor(tensors[f"0.{name}"]) for name in ("weight", "bias"))
                values = functional.max_pool2d(activation(functional.conv2d(_inputs(), *first)), 2)[0]
            window = values[:, row : row + 5, column : column + 5].double()
            products = (window * weight[channel].double()).numpy()
            total = products.sum() + bias[channel].item()
            summed, function = trace.steps
            assert (summed.kind, function.kind) == (Kind.SUM, Kind.FUNCTION)
            assert summed.count == products.size
            assert summed.bias == bias[channel].item()
            largest = np.sort(np.abs(products).ravel())[::-1][:MAX_TERMS]
            np.testing.assert_allclose([abs(term.product) for term in summed.terms], largest, rtol=1e-5)
            for term in summed.terms:
                of, down, right = term.place
                assert term.weight == weight[channel, of, down - row, right - column].item()
                assert term.value == pytest.approx(window[of, down - row, right - column].item(), rel=1e-5)
            rounding = 1e-6 * np.abs(products).sum() + 1e-6
            assert abs(_total(summed) - total) < rounding
            assert abs(_total(summed) - summed.value) < rounding
            assert function.terms[0].value == summed.value
            assert function.value == pytest.approx(activation(torch.tensor(summed.value)).item(), rel=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "conv4k3p1d2g2nobias",
        "convt4k4s2p1g2",
        "avgpool3s2p1",
        "avgpool5s3ceil",
        "adaptiveavgpool5x3",
        "maxpool3s2p1",
        "conv4k3 bn tanh",
        "lrn3",
        "gn2",
        "dropout0.5 prelu flatten dropout0.2 tanh",
        "flatten linear7 tanh",
    ],
)
def test_every_kind_of_layer_adds_up_to_the_value_of_plain_modules(text: str) -> None:
    end = "linear9 tanh linear10" if "flatten" in text else "flatten linear9 tanh linear10"
    config = RunConfig(network=f"1x28x28 conv2k5s2 {text} {end}", activation="tanh")
    tensors = tensors_of(config, None)
    tensors |= {
        name: np.random.default_rng(2).uniform(0.5, 1.5, one.shape).astype(one.dtype)
        for name, one in tensors.items()
        if "running" in name or name == "2.bias"
    }
    network = build(config.architecture).eval()
    network.load_state_dict({name: torch.tensor(one) for name, one in tensors.items()})
    number = 1 + len(text.split())
    with torch.no_grad():
        expected = network[:number](_inputs())[0]
    assert count(config.architecture).rows[number - 1].output_shape == tuple(expected.shape)
    for place in (
        tuple(0 for _ in expected.shape),
        tuple(side - 1 for side in expected.shape),
        tuple(side // 2 for side in expected.shape),
    ):
        trace = feature_maps(config, tensors, IMAGE, number, place).trace
        assert trace.steps[-1].value == pytest.approx(expected[place].item(), rel=1e-5, abs=1e-6)
        for before, step in zip((None, *trace.steps), trace.steps, strict=False):
            if step.kind == Kind.SUM:
                assert _total(step) == pytest.approx(step.value, rel=1e-5, abs=1e-5)
            if step.kind == Kind.LARGEST:
                assert step.terms[0].value == step.value
                assert step.count == (4 if place == (0, 0, 0) else 9)
            if before:
                assert [term.value for term in step.terms] == [before.value]


def test_a_diverged_network_has_values_that_are_not_finite_and_no_error() -> None:
    tensors = {name: np.full_like(one, np.inf) for name, one in tensors_of(RACE[0], None).items()}
    (step,) = feature_maps(RACE[0], tensors, IMAGE, 4, (0, 0, 0)).trace.steps
    assert not math.isfinite(step.value)
