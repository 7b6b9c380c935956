"""The registry of activations: name, formula, derivative, class in torch.nn and colour, each declared once.

A new activation is an entry here and a kernel pair in training/kernels.py. No torch: the pages read names and colours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

Elementwise = Callable[[ModuleType, Any], Any]
"""A function of numpy, and of a number or an array. Its result has the same shape, in double precision.

It gets numpy as an argument, because the first page draws names and colours before numpy is imported.
"""


@dataclass(frozen=True)
class Activation:
    """One elementwise nonlinearity.

    `name` is its word in the one-line form and `label` its name in prose. `formula` and `derivative` are LaTeX in x.
    `torch_module` is the name of its class in torch.nn. `colour` is from the colour-blind-safe set of Okabe and Ito;
    `dash` is the line pattern that distinguishes it without colour. `function` computes it without an overflow, and
    `derived` its derivative.
    """

    name: str
    label: str
    formula: str
    derivative: str
    torch_module: str
    colour: str
    function: Elementwise
    derived: Elementwise
    dash: tuple[int, ...] = (1, 0)

    def value(self, x: Any) -> Any:
        """Compute the activation of a number or of each number of an array."""
        import numpy

        return self.function(numpy, x)

    def slope(self, x: Any) -> Any:
        """Compute the derivative at a number or at each number of an array."""
        import numpy

        return self.derived(numpy, x)


def _sigmoid(np: ModuleType, x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0, small) / (1 + small)


def _sigmoid_slope(np: ModuleType, x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return small / (1 + small) ** 2


def _tanh_slope(np: ModuleType, x: Any) -> Any:
    return 4 * _sigmoid_slope(np, 2 * np.asarray(x))


def _normal(np: ModuleType, x: Any) -> Any:
    """Return Φ(x), the standard normal distribution function."""
    erfc = np.vectorize(math.erfc, otypes=[float])  # numpy has no erfc
    return erfc(-np.asarray(x) / math.sqrt(2)) / 2


def _normal_density(np: ModuleType, x: Any) -> Any:
    return np.exp(-(np.asarray(x) ** 2) / 2) / math.sqrt(2 * math.pi)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            "relu",
            "ReLU",
            r"\max(0, x)",
            r"[x > 0]",
            "ReLU",
            "#0072B2",
            lambda np, x: np.maximum(0.0, x),
            lambda np, x: np.where(np.asarray(x) > 0, 1.0, 0.0),
        ),
        Activation(
            "sigmoid",
            "sigmoid",
            r"\frac{1}{1+e^{-x}}",
            r"\sigma(x)\,(1-\sigma(x))",
            "Sigmoid",
            "#D55E00",
            _sigmoid,
            _sigmoid_slope,
            dash=(6, 3),
        ),
        Activation(
            "tanh",
            "tanh",
            r"\tanh x",
            r"1-\tanh^2 x",
            "Tanh",
            "#009E73",
            lambda np, x: np.tanh(x),
            _tanh_slope,
            dash=(2, 2),
        ),
        Activation(
            "leakyrelu",
            "leaky ReLU",
            r"\max(0.01x, x)",
            r"1 \text{ or } 0.01",
            "LeakyReLU",
            "#56B4E9",
            lambda np, x: np.maximum(0.01 * np.asarray(x), x),
            lambda np, x: np.where(np.asarray(x) > 0, 1.0, 0.01),
            dash=(8, 2, 2, 2),
        ),
        Activation(
            "elu",
            "ELU",
            r"x \text{ or } e^x-1",
            r"1 \text{ or } e^x",
            "ELU",
            "#E69F00",
            lambda np, x: np.maximum(0.0, x) + np.expm1(np.minimum(0.0, x)),
            lambda np, x: np.exp(np.minimum(0.0, x)),
            dash=(4, 2),
        ),
        Activation(
            "gelu",
            "GELU",
            r"x\,\Phi(x)",
            r"\Phi(x)+x\,\varphi(x)",
            "GELU",
            "#CC79A7",
            lambda np, x: x * _normal(np, x),
            lambda np, x: _normal(np, x) + x * _normal_density(np, x),
            dash=(10, 3),
        ),
        Activation(
            "silu",
            "SiLU",
            r"x\,\sigma(x)",
            r"\sigma(x)\,(1+x\,(1-\sigma(x)))",
            "SiLU",
            "#8C6D00",
            lambda np, x: x * _sigmoid(np, x),
            lambda np, x: _sigmoid(np, x) * (1 + x * _sigmoid(np, -np.asarray(x))),
            dash=(4, 2, 1, 2),
        ),
        Activation(
            "softplus",
            "softplus",
            r"\ln(1+e^x)",
            r"\sigma(x)",
            "Softplus",
            "#7F7F7F",
            lambda np, x: np.maximum(0.0, x) + np.log1p(np.exp(-np.abs(x))),
            _sigmoid,
            dash=(1, 2),
        ),
        Activation(
            "identity",
            "identity",
            r"x",
            r"1",
            "Identity",
            "#555555",
            lambda np, x: np.positive(x),
            lambda np, x: np.ones_like(x, float),
            dash=(12, 4),
        ),
    )
}
"""All activations by name, in the order of the menus."""
