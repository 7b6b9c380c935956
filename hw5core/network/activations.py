"""The registry of activations: name, formula, derivative, class in torch.nn and colour, each declared once.

A new activation is an entry here and a kernel pair in training/kernels.py. No torch: the pages read names and colours.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Activation:
    """One elementwise nonlinearity.

    `name` is its word in the one-line form and `label` its name in prose. `formula` and `derivative` are LaTeX in x.
    `torch_module` is the name of its class in torch.nn. `colour` is from the colour-blind-safe set of Okabe and Ito;
    `dash` is the line pattern that distinguishes it without colour.
    """

    name: str
    label: str
    formula: str
    derivative: str
    torch_module: str
    colour: str
    dash: tuple[int, ...] = (1, 0)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("relu", "ReLU", r"\max(0, x)", r"[x > 0]", "ReLU", "#0072B2"),
        Activation(
            "sigmoid", "sigmoid", r"\frac{1}{1+e^{-x}}", r"\sigma(x)\,(1-\sigma(x))", "Sigmoid", "#D55E00", dash=(6, 3)
        ),
        Activation("tanh", "tanh", r"\tanh x", r"1-\tanh^2 x", "Tanh", "#009E73", dash=(2, 2)),
        Activation(
            "leakyrelu",
            "leaky ReLU",
            r"\max(0.01x, x)",
            r"1 \text{ or } 0.01",
            "LeakyReLU",
            "#56B4E9",
            dash=(8, 2, 2, 2),
        ),
        Activation("elu", "ELU", r"x \text{ or } e^x-1", r"1 \text{ or } e^x", "ELU", "#E69F00", dash=(4, 2)),
        Activation("gelu", "GELU", r"x\,\Phi(x)", r"\Phi(x)+x\,\varphi(x)", "GELU", "#CC79A7", dash=(10, 3)),
        Activation(
            "silu", "SiLU", r"x\,\sigma(x)", r"\sigma(x)\,(1+x\,(1-\sigma(x)))", "SiLU", "#8C6D00", dash=(4, 2, 1, 2)
        ),
        Activation("softplus", "softplus", r"\ln(1+e^x)", r"\sigma(x)", "Softplus", "#7F7F7F", dash=(1, 2)),
        Activation("identity", "identity", r"x", r"1", "Identity", "#555555", dash=(12, 4)),
    )
}
"""All activations by name, in the order of the menus."""
