"""The gradient budget: the prediction against measurements on wide random layers, and its parts."""

import math

import pytest

from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.runs.config import INITIALISATIONS, RunConfig
from hw5core.runs.gradient_budget import BudgetPart, gradient_budget, share_that_arrives
from hw5core.training.layer_figures import measure_layers

WIDTH = 1000
SPREAD = math.sqrt(2 / WIDTH)
"""The standard deviation of a measured factor around its prediction, at most.

Given δ behind a layer, δ in front of each of its inputs is a sum over independent weights, so nearly normal, and the
square of a normal value has the relative variance 2. Their mean over WIDTH inputs has the relative variance 2 / WIDTH.
"""


@pytest.fixture(scope="module")
def digits() -> Pool:
    return datasets.load("digits")


def _wide(activation: str, initialisation: str = "pytorch") -> RunConfig:
    layers = f"linear{WIDTH} relu " * 4
    return RunConfig(network=f"1x28x28 flatten {layers}linear10", activation=activation, initialisation=initialisation)


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_the_prediction_is_within_the_theoretical_spread_on_wide_random_layers(
    activation: str, initialisation: str, digits: Pool
) -> None:
    figures = measure_layers(_wide(activation, initialisation), digits, 0)
    lines = gradient_budget(figures)
    assert len(lines) == 8
    for line in lines:
        assert line.measured_factor == pytest.approx(line.predicted_factor, rel=4 * SPREAD)
    # The relative errors of independent factors add up by their squares.
    assert lines[-1].measured == pytest.approx(lines[-1].predicted, rel=4 * SPREAD * math.sqrt(len(lines)))
    assert lines[-1].measured == figures.layers[1].delta_square


def test_the_default_weights_alone_shrink_the_gradient_by_the_root_of_a_third(digits: Pool) -> None:
    """PyTorch draws from the uniform distribution with fan_in · Var(W) = 1/3, in every kind of layer."""
    figures = measure_layers(RunConfig(activation="sigmoid"), digits, 0)
    for layer in figures.weighted:
        assert layer.connections
        draws = math.prod((layer.connections.fan_in, 10))  # at least ten outputs per layer
        # The square of a uniform value has the relative variance 4/5.
        spread = math.sqrt(0.8 / draws)
        assert layer.connections.fan_in * layer.connections.mean_square == pytest.approx(1 / 3, rel=4 * spread)
    wide = gradient_budget(measure_layers(_wide("sigmoid"), digits, 0))
    square = [line.predicted_factor for line in wide if line.part is BudgetPart.WEIGHTS][1:]
    assert square == pytest.approx([1 / 3] * 3, rel=0.01)
    slopes = [line.predicted_factor for line in wide if line.part is BudgetPart.SLOPE]
    assert all(0.8 * 0.25**2 < slope <= 0.25**2 for slope in slopes)


def test_the_budget_of_the_homeworks_network_names_every_part(digits: Pool) -> None:
    figures = measure_layers(RunConfig(activation="sigmoid"), digits, 0)
    lines = gradient_budget(figures)
    assert [(line.name, line.part) for line in lines] == [
        ("Linear-10", BudgetPart.WEIGHTS),
        ("Sigmoid-9", BudgetPart.SLOPE),
        ("Linear-8", BudgetPart.WEIGHTS),
        ("Flatten-7", BudgetPart.OTHER),
        ("MaxPool2d-6", BudgetPart.OTHER),
        ("Sigmoid-5", BudgetPart.SLOPE),
        ("Conv2d-4", BudgetPart.WEIGHTS),
        ("MaxPool2d-3", BudgetPart.OTHER),
        ("Sigmoid-2", BudgetPart.SLOPE),
    ]
    # Max pooling passes the gradient to one of four units.
    assert lines[4].measured_factor == lines[4].predicted_factor == pytest.approx(1 / 4)
    product = math.prod(line.predicted_factor for line in lines)
    assert lines[-1].predicted == pytest.approx(product * figures.layers[-1].delta_square)
    assert math.prod(share_that_arrives(lines, part) for part in BudgetPart) == pytest.approx(product)


def test_the_budget_ends_where_no_gradient_arrives(digits: Pool) -> None:
    dropped = RunConfig(network="1x28x28 conv4k3 relu dropout1 flatten linear10", training_images=50, epochs=1)
    lines = gradient_budget(measure_layers(dropped, digits, 0))
    assert [line.name for line in lines] == ["Linear-5", "Flatten-4", "Dropout-3"]
    assert lines[-1].measured == lines[-1].predicted == 0
