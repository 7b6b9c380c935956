"""The values and slopes of the activations for single numbers, against PyTorch's modules and autograd."""

import pytest
import torch
from torch import nn

from hw5core.network.activations import ACTIVATIONS

INPUTS = (-800.0, -50.0, -12.0, -4.6, -1.0, -0.1, 0.1, 1.0, 4.0, 5.0, 17.0, 40.0, 800.0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_those_of_the_module(name: str) -> None:
    activation = ACTIVATIONS[name]
    inputs = torch.tensor(INPUTS, dtype=torch.float64, requires_grad=True)
    values = getattr(nn, activation.torch_module)()(inputs)
    (slopes,) = torch.autograd.grad(values.sum(), inputs)
    assert [activation.value(one) for one in INPUTS] == pytest.approx(values.tolist(), rel=1e-9, abs=1e-12)
    # PyTorch replaces softplus by the identity above 20.
    assert [activation.slope(one) for one in INPUTS] == pytest.approx(slopes.tolist(), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_kink_has_the_slope_that_training_uses(name: str) -> None:
    zero = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(getattr(nn, ACTIVATIONS[name].torch_module)()(zero).sum(), zero)
    assert ACTIVATIONS[name].slope(0.0) == pytest.approx(slope.item())
