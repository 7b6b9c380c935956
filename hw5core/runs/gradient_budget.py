"""The gradient budget: what each layer does to the gradient on its way from the loss back to the first layer.

The gradient is measured by the mean of δ², where δ is the derivative of the loss with respect to a layer's output. Two
kinds of layers have a predicted factor. An activation multiplies the mean of δ² by the mean of f'(z)², its squared
slope. A layer with weights multiplies it by n · Var(W), where n is the number of outputs that an input reaches. Both
together are E[δ_l²] = n_(l+1) · Var(W) · E[f'(z_l)²] · E[δ_(l+1)²]. The prediction assumes that slopes, weights and δ
are independent, and that the mean of the weights is 0, as at the start.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hw5core.runs.layer_figures import BatchFigures, LayerFigures


class BudgetPart(StrEnum):
    """What changes the gradient in a layer."""

    SLOPE = "slope"
    WEIGHTS = "weights"
    OTHER = "no prediction"


@dataclass(frozen=True)
class BudgetLine:
    """One layer of the budget. The lines start at the loss.

    `measured_factor` is what the layer multiplies the mean of δ² by, from its output to its input. `predicted_factor`
    is the prediction of that; a layer of the part OTHER, such as a pooling, has the measured one. `measured` and
    `predicted` are the mean of δ² at the layer's input; the prediction starts from the measured δ at the logits.
    """

    name: str
    part: BudgetPart
    predicted_factor: float
    measured_factor: float
    predicted: float
    measured: float


def gradient_budget(figures: BatchFigures) -> tuple[BudgetLine, ...]:
    """Return the budget of one batch, from the last layer back to the output of the first layer with weights.

    It ends before a layer at which no gradient arrives.
    """
    return tuple(_lines(figures))


def share_that_arrives(lines: tuple[BudgetLine, ...], part: BudgetPart) -> float:
    """Return the product of the predicted factors of one part: what would arrive if nothing else changed δ²."""
    return math.prod(line.predicted_factor for line in lines if line.part is part)


def _lines(figures: BatchFigures) -> Iterator[BudgetLine]:
    first = next((n for n, layer in enumerate(figures.layers) if layer.gradient_norm is not None), 0)
    predicted = figures.layers[-1].delta_square
    for number in range(len(figures.layers) - 1, first, -1):
        layer, before = figures.layers[number], figures.layers[number - 1].delta_square
        if not layer.delta_square:
            return
        measured_factor = before / layer.delta_square
        part, factor = _predicted_factor(layer)
        factor = measured_factor if factor is None else factor
        predicted *= factor
        yield BudgetLine(layer.name, part, factor, measured_factor, predicted, before)


def _predicted_factor(layer: LayerFigures) -> tuple[BudgetPart, float | None]:
    """Return what changes the gradient in a layer, and the predicted factor of δ², or None without a prediction."""
    if layer.connections:
        return BudgetPart.WEIGHTS, layer.connections.fan_out * layer.connections.mean_square
    if layer.reached_slope_square is not None:
        return BudgetPart.SLOPE, layer.reached_slope_square
    return BudgetPart.OTHER, None
