"""A stack of layers: against PyTorch's autograd and initialisations, and the prediction against random stacks."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from hw5core.errors import ConfigError
from hw5core.explain.depth import MAX_WIDTH, Floats, Stack, draw_weights, measure_stack
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.notation import parse
from hw5core.runs.config import INITIALISATIONS
from hw5core.training.modules import initial_network

PIXELS, CLASSES = 784, 10


def _batch(images: int = 8) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    generator = np.random.default_rng(3)
    return generator.standard_normal((images, PIXELS)) * generator.uniform(0.5, 1.5, (images, 1)), np.arange(
        images
    ) % 10


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("initialisation", "scale"), [("pytorch", 1.7), ("he", 0.6)])
def test_activations_and_gradients_are_those_of_autograd(name: str, initialisation: str, scale: float) -> None:
    stack, (images, labels) = Stack(4, 37, name, initialisation, scale), _batch()
    module = getattr(nn, ACTIVATIONS[name].torch_module)()
    values, inputs, outputs = torch.from_numpy(images), [], []
    for layer in draw_weights(stack, PIXELS, CLASSES, seed=5):
        values = functional.linear(values, torch.from_numpy(layer.weight.T), torch.from_numpy(layer.bias))
        inputs.append(values.requires_grad_())
        values = module(values)
        outputs.append(values)
    loss = functional.cross_entropy(inputs[-1], torch.from_numpy(labels))
    gradients = torch.autograd.grad(loss, inputs[:-1])
    measured = measure_stack(stack, images, labels, CLASSES, seed=5)
    assert len(measured) == 4
    for one, output, gradient in zip(measured, outputs, gradients, strict=False):
        np.testing.assert_allclose(one.activations, output.detach(), rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(one.gradients, gradient, rtol=1e-9, atol=1e-16)
        assert one.deviation == pytest.approx(output.std(correction=0).item(), rel=1e-10)
        assert one.delta == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-9)


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_weights_are_drawn_as_for_a_run(initialisation: str) -> None:
    stack = Stack(3, MAX_WIDTH, "relu", initialisation)
    text = f"1x28x28 flatten {'linear100 relu ' * 3}linear10"
    theirs = [one for one in initial_network(parse(text), 0, initialisation) if isinstance(one, nn.Linear)]
    for layer, module in zip(draw_weights(stack, PIXELS, CLASSES, seed=0), theirs, strict=True):
        assert layer.weight.shape == tuple(module.weight.T.shape)
        # Of a normal distribution, the squares vary by twice the square of their mean, and of a uniform one by less.
        spread = math.sqrt(2 / layer.weight.size)
        squares = [layer.weight_variance, module.weight.double().square().mean().item()]
        assert squares[1] == pytest.approx(squares[0], rel=4 * spread)
        assert (layer.weight**2).mean() == pytest.approx(squares[0], rel=4 * spread)
        # Draws of both are uniform or both normal: the largest of a thousand shows which.
        ours, other = np.abs(layer.weight).max(), module.weight.abs().max().item()
        assert ours == pytest.approx(other, rel=0.35)
        assert bool(np.any(layer.bias)) == bool(module.bias.any())
        assert layer.bias_variance == pytest.approx(1 / (3 * layer.weight.shape[0]) if np.any(layer.bias) else 0)


def test_a_narrower_and_shallower_stack_has_a_part_of_the_weights() -> None:
    large = draw_weights(Stack(5, 100, "relu", "normal"), PIXELS, CLASSES, seed=1)
    small = draw_weights(Stack(2, 30, "relu", "normal", 2.0), PIXELS, CLASSES, seed=1)
    assert len(small) == 3
    for ours, theirs in zip([*small[:2], small[2]], [*large[:2], large[-1]], strict=True):
        rows, columns = ours.weight.shape
        np.testing.assert_allclose(ours.weight, 2 * theirs.weight[:rows, :columns], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "initialisation", "scale"),
    [("relu", "he", 1.0), ("sigmoid", "pytorch", 1.0), ("tanh", "xavier", 1.5), ("gelu", "pytorch", 3.0)],
)
def test_predictions_differ_from_random_stacks_as_much_as_theory_says(
    name: str, initialisation: str, scale: float
) -> None:
    stack = Stack(8, MAX_WIDTH, name, initialisation, scale)
    for images, least in ((1, 0.65), (16, 0.2)):
        batch, labels = _batch(images)
        stacks = [measure_stack(stack, batch, labels, CLASSES, seed) for seed in range(40)]
        backwards = np.array(
            [[math.log(one.delta / one.predicted_delta) / one.backward_spread for one in layers] for layers in stacks]
        )
        roots = np.array([[math.sqrt((one.activations**2).mean()) for one in layers] for layers in stacks])
        forwards = np.log(roots / roots.mean(axis=0)) / [one.forward_spread for one in stacks[0]]
        for scores in (backwards, forwards):
            assert np.abs(scores).max() < 4.5
            # Several images see the same weights, but their errors are not equal, so their mean varies less.
            assert least < math.sqrt((scores**2).mean()) < 1.35
        assert np.abs(backwards.mean(axis=0)).max() < 0.7


def test_the_prediction_of_a_relu_stack_is_the_one_of_he() -> None:
    """He's variance 2/n keeps both mean squares: the activations' is half of z's, and half of the slopes are 1."""
    images, labels = _batch()
    layers = measure_stack(Stack(20, 100, "relu", "he"), images, labels, CLASSES, seed=0)
    deltas = [one.predicted_delta for one in layers]
    assert deltas == pytest.approx([deltas[0]] * 20, rel=1e-6)
    square = 2 * (images**2).mean()  # E[z²] in every layer
    # E[f(z)]² = E[z²]/(2π) for each image.
    mean = np.sqrt(2 * (images**2).mean(axis=1) / (2 * math.pi)).mean()
    assert [one.predicted_deviation for one in layers] == pytest.approx(
        [math.sqrt(square / 2 - mean**2)] * 20, rel=1e-4
    )
    # The square of a ReLU varies by five times the square of its mean.
    ratio = 6 * (images**2).mean(axis=1).__pow__(2).mean() / (images**2).mean() ** 2 - 1
    assert layers[3].forward_spread == pytest.approx(math.sqrt(4 * ratio / 100) / 2, rel=1e-3)


def test_the_prediction_of_a_saturated_sigmoid_finds_the_narrow_peak_of_its_slope() -> None:
    images, labels = _batch()
    layers = measure_stack(Stack(1, 100, "sigmoid", "he", 8.0), images, labels, CLASSES, seed=0)
    weights = draw_weights(Stack(1, 100, "sigmoid", "he", 8.0), PIXELS, CLASSES, seed=0)
    points = np.linspace(-60, 60, 400_001)
    slopes = ACTIVATIONS["sigmoid"].slope(points) ** 2
    deviations = np.sqrt(2 * 64 * (images**2).mean(axis=1))
    densities = [np.exp(-((points / one) ** 2) / 2) / (one * math.sqrt(2 * math.pi)) for one in deviations]
    by_image = np.array([(slopes * density).sum() * (points[1] - points[0]) for density in densities])
    logits = layers[0].activations @ weights[1].weight + weights[1].bias
    delta = functional.softmax(torch.from_numpy(logits), 1).numpy()
    delta[np.arange(8), labels] -= 1
    predicted = 10 * weights[1].weight_variance * by_image * ((delta / 8) ** 2).mean(axis=1)
    assert layers[0].predicted_delta == pytest.approx(math.sqrt(predicted.mean()), rel=1e-4)


@pytest.mark.parametrize("wrong", [(0, 9, "relu"), (21, 9, "relu"), (2, 0, "relu"), (2, 101, "relu"), (2, 9, "x")])
def test_a_stack_that_is_too_large_or_unknown_is_refused(wrong: tuple[int, int, str]) -> None:
    with pytest.raises(ConfigError):
        Stack(*wrong, "pytorch")
    with pytest.raises(ConfigError, match="scaled by"):
        Stack(2, 9, "relu", "pytorch", math.inf)
    with pytest.raises(ConfigError, match="no initialisation"):
        Stack(2, 9, "relu", "zeros")
