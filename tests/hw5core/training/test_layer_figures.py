"""The figures of the layers in one batch, against a network written out in double precision."""

import io
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig
from hw5core.runs.layer_figures import LayerFigures
from hw5core.runs.records import Checkpoint
from hw5core.training.inputs import batch_indices, standardise
from hw5core.training.layer_figures import measure_layers
from hw5core.training.loop import train
from hw5core.training.modules import initial_network

NETWORK = "1x28x28 conv4k3p1 relu avgpool2 conv6k3 relu maxpool2 flatten linear20 relu linear10"
FUNCTIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid}
SLOPES = {"relu": lambda z: (z > 0).double(), "sigmoid": lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z))}
STEP = 3


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


def _config(activation: str) -> RunConfig:
    return RunConfig(network=NETWORK, activation=activation, training_images=50, epochs=1, learning_rate=0.02)


def _checkpoint(config: RunConfig, pool: Pool) -> Checkpoint:
    return next(record for record in train(config, pool) if isinstance(record, Checkpoint))


def _weights(config: RunConfig, checkpoint: Checkpoint | None) -> dict[str, Tensor]:
    if checkpoint:
        state = torch.load(io.BytesIO(checkpoint.state), weights_only=True)["network"]
    else:
        state = initial_network(config.architecture, config.seed).state_dict()
    return {name: tensor.double().requires_grad_() for name, tensor in state.items()}


def _written_out(config: RunConfig, pool: Pool, w: dict[str, Tensor]) -> tuple[list[Tensor], Tensor]:
    """Return the outputs of the layers of NETWORK and the loss, without a module."""
    f, chosen = FUNCTIONS[config.activation], batch_indices(config, len(pool.labels), STEP)
    x = standardise(pool.images[chosen], config.dataset).double()
    z1 = functional.conv2d(x, w["0.weight"], w["0.bias"], padding=1)
    a1 = f(z1)
    p1 = functional.avg_pool2d(a1, 2)
    z2 = functional.conv2d(p1, w["3.weight"], w["3.bias"])
    a2 = f(z2)
    p2 = functional.max_pool2d(a2, 2)
    flat = p2.flatten(1)
    z3 = flat @ w["7.weight"].t() + w["7.bias"]
    a3 = f(z3)
    logits = a3 @ w["9.weight"].t() + w["9.bias"]
    labels = torch.from_numpy(pool.labels[chosen])
    loss = (logits.logsumexp(1) - logits[torch.arange(len(labels)), labels]).mean()
    return [z1, a1, p1, z2, a2, p2, flat, z3, a3, logits], loss


@pytest.mark.parametrize("trained", [False, True], ids=["initial weights", "checkpoint"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_every_figure_is_that_of_a_network_written_out(activation: str, trained: bool, digits: Pool) -> None:
    config = _config(activation)
    checkpoint = _checkpoint(config, digits) if trained else None
    found = measure_layers(config, digits, STEP, checkpoint)
    weights = _weights(config, checkpoint)
    outputs, loss = _written_out(config, digits, weights)
    deltas = torch.autograd.grad(loss, outputs, retain_graph=True)

    assert (found.step, found.trained) == (STEP, 10 if trained else 0)
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)
    assert [layer.name.rpartition("-")[2] for layer in found.layers] == [str(n) for n in range(1, 11)]
    for layer, output, delta in zip(found.layers, outputs, deltas, strict=True):
        assert layer.mean == pytest.approx(output.mean().item(), rel=1e-4, abs=1e-6)
        assert layer.deviation == pytest.approx(output.std(correction=0).item(), rel=1e-4)
        assert layer.zeros == pytest.approx((output == 0).double().mean().item())
        assert layer.delta_square == pytest.approx(delta.square().mean().item(), rel=1e-4)
    for number, before in ((1, 0), (4, 3), (8, 7)):
        _assert_is_activation(found.layers[number], SLOPES[activation](outputs[before]), deltas[number])
    for number in (0, 3, 7, 9):
        weight = weights[f"{number}.weight"]
        (gradient,) = torch.autograd.grad(loss, weight, retain_graph=True)
        _assert_has_weights(found.layers[number], weight, gradient, config.learning_rate)
    assert [len({layer.rms_slope, layer.gradient_norm} - {None}) for layer in found.layers] == [
        1, 1, 0, 1, 1, 0, 0, 1, 1, 1,
    ]  # fmt: skip


def _assert_is_activation(layer: LayerFigures, slope: Tensor, delta: Tensor) -> None:
    assert layer.saturated == pytest.approx((slope < 0.01).double().mean().item())
    assert layer.rms_slope == pytest.approx(math.sqrt(slope.square().mean().item()), rel=1e-5)
    assert layer.reached_slope_square == pytest.approx(slope[delta != 0].square().mean().item(), rel=1e-5)


def _assert_has_weights(layer: LayerFigures, weight: Tensor, gradient: Tensor, learning_rate: float) -> None:
    assert layer.gradient_norm == pytest.approx(gradient.square().sum().sqrt().item(), rel=1e-4)
    ratio = (learning_rate * gradient).std() / weight.std()
    assert layer.update_ratio == pytest.approx(math.log10(ratio.item()), abs=1e-4)
    assert layer.connections is not None
    assert layer.connections.mean_square == pytest.approx(weight.square().mean().item(), rel=1e-5)


def test_the_connections_of_an_input_are_counted_with_the_edges_of_the_image(digits: Pool) -> None:
    layers = measure_layers(_config("relu"), digits, 0).layers
    found = [layer.connections for layer in layers if layer.connections]
    expected = [
        # Along a side of 28 with padding 1, three windows see each pixel, but only two see the first and the last.
        (9, 4 * ((28 * 3 - 2) / 28) ** 2),
        # Without padding, 12 windows of 3 pixels along a side of 14.
        (36, 6 * (36 / 14) ** 2),
        (216, 20),
        (20, 10),
    ]
    assert [(one.fan_in, pytest.approx(one.fan_out)) for one in found] == expected


def test_a_network_whose_gradient_is_0_has_no_update_ratio(digits: Pool) -> None:
    dropped = RunConfig(network="1x28x28 conv4k3 relu dropout1 flatten linear10", training_images=50, epochs=1)
    conv, relu, *_, linear = measure_layers(dropped, digits, 0).layers
    assert (conv.gradient_norm, conv.update_ratio, conv.delta_square) == (0, None, 0)
    assert relu.reached_slope_square is None
    assert (linear.gradient_norm, linear.update_ratio) == (0, None)


def test_measuring_changes_nothing_and_repeats_itself(digits: Pool) -> None:
    config = RunConfig(network="1x28x28 conv4k3p1 relu bn dropout0.25 maxpool4 flatten linear10", training_images=50)
    checkpoint = _checkpoint(config, digits)
    before = checkpoint.state
    assert measure_layers(config, digits, 1, checkpoint) == measure_layers(config, digits, 1, checkpoint)
    assert checkpoint.state == before


@pytest.mark.parametrize("step", [-1, 10])
def test_a_batch_that_the_run_does_not_have_is_refused(step: int, digits: Pool) -> None:
    with pytest.raises(ConfigError, match="batches 0 to 9, so there is no batch"):
        measure_layers(_config("relu"), digits, step)
