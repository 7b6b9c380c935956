"""What runs recorded of their layers through training, as panels over the same batches."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hw5core.charts.race import MAX_POINTS, moving_mean
from hw5core.network.counting import count
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import WINDOW
from hw5core.runs.records import LayerStatistics, layer_number, update_ratio

GOOD_UPDATE = -3.0
"""The value of Quantity.UPDATE that is often called healthy: a step without momentum changes a weight by a thousandth.
"""


class Quantity(StrEnum):
    """What a panel shows."""

    MEAN_LOSS = f"loss, mean of {WINDOW} batches"
    LOSS = "loss of this batch"
    GRADIENT = "gradient norm of the weights"
    UPDATE = "log10 of rate × gradient / weights"
    MEAN = "mean of the activations"
    DEVIATION = "deviation of the activations"
    SATURATED = "saturated units"
    ZEROS = "units that are 0"
    SLOPE = "RMS slope f′(z)"


@dataclass(frozen=True)
class NetworkPart:
    """A part of a network: a layer with weights and the activation after it, by their numbers. One may be missing."""

    weights: int | None
    activation: int | None
    title: str


def recorded_parts(histories: Iterable[RunHistory]) -> tuple[NetworkPart, ...]:
    """Return the parts for which the runs recorded something, from the input on.

    An activation has another name in each network, so it is called "activation".
    """
    first = [one for history in histories for one in history.statistics[:1]]
    weights = {layer_number(name): name for one in first for name in one.gradient_norms}
    activations = {layer_number(name) for one in first for name in one.saturated}
    parts: list[NetworkPart] = []
    for number in sorted({*weights, *activations}):
        if number in weights:
            parts.append(NetworkPart(number, None, weights[number]))
        elif parts and parts[-1].activation is None:
            before = parts.pop()
            parts.append(NetworkPart(before.weights, number, f"{before.title}, activation-{number}"))
        else:
            parts.append(NetworkPart(None, number, f"activation-{number}"))
    return tuple(parts)


@dataclass(frozen=True)
class Figures:
    """The values of one quantity in one run: `values` has one for each entry of `steps`, or None without a value."""

    label: str
    quantity: Quantity
    steps: tuple[int, ...]
    values: tuple[float | None, ...]


def figures_through_training(
    histories: Sequence[RunHistory], part: NetworkPart, before: int | None = None
) -> tuple[Figures, ...]:
    """Return the figures of each quantity of a part in each run, those of one quantity after each other.

    With `before`, only the first batches are shown, up to this one. A quantity that no run recorded is left out, and
    most batches of a run that measured many more than a chart can show.
    """
    shown = [(history, _shown(history, before)) for history in histories]
    return tuple(
        one
        for quantity in Quantity
        for one in _known([_figures(history, rows, part, quantity) for history, rows in shown])
    )


def _shown(history: RunHistory, before: int | None) -> Sequence[LayerStatistics]:
    rows = [one for one in history.statistics if before is None or one.step - history.first_step <= before]
    return rows[:: -(-len(rows) // (2 * MAX_POINTS)) or 1]


def _known(figures: list[Figures]) -> list[Figures]:
    return figures if any(value is not None for one in figures for value in one.values) else []


def _figures(history: RunHistory, rows: Sequence[LayerStatistics], part: NetworkPart, quantity: Quantity) -> Figures:
    if quantity in (Quantity.LOSS, Quantity.MEAN_LOSS):
        losses = history.losses if quantity is Quantity.LOSS else moving_mean(history.losses, WINDOW)
        values = [_loss(losses, one.step - history.first_step) for one in rows]
    else:
        # There are hundreds of rows, so the names are found once.
        names = {row.number: row.name for row in count(history.config.architecture).rows}
        weights, activation = (names.get(number or 0, "") for number in (part.weights, part.activation))
        values = [_value(one, weights, activation, quantity, history.config.learning_rate) for one in rows]
    return Figures(history.label, quantity, tuple(one.step for one in rows), tuple(map(_finite, values)))


def _loss(losses: NDArray[np.float64], batch: int) -> float | None:
    return float(losses[batch]) if 0 <= batch < len(losses) else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _value(
    one: LayerStatistics, weights: str, activation: str, quantity: Quantity, learning_rate: float
) -> float | None:
    """Return a quantity of the layers with these names in one batch, or None if it was not recorded.

    Raise ValueError for a loss, which is not one of a layer.
    """
    outputs = one.outputs.get(activation)
    match quantity:
        case Quantity.GRADIENT:
            return one.gradient_norms.get(weights)
        case Quantity.UPDATE if one.update_ratios:
            return one.update_ratios.get(weights)
        case Quantity.UPDATE:  # runs of earlier versions have the norms only
            gradient, norm = (norms.get(weights, math.nan) for norms in (one.gradient_norms, one.weight_norms))
            return update_ratio(learning_rate * gradient, norm)
        case Quantity.SATURATED:
            return one.saturated.get(activation)
        case Quantity.MEAN:
            return outputs and outputs.mean
        case Quantity.DEVIATION:
            return outputs and outputs.deviation
        case Quantity.ZEROS:
            return outputs and outputs.zeros
        case Quantity.SLOPE:
            return outputs and outputs.rms_slope
        case Quantity.LOSS | Quantity.MEAN_LOSS:
            raise ValueError(f"{quantity} is no quantity of a layer")


def figures_in_words(figures: Iterable[Figures]) -> str:
    """Return the first and the last value of each quantity, for users who cannot see the panels."""
    words = []
    for one in figures:
        known = [(step, value) for step, value in zip(one.steps, one.values, strict=True) if value is not None]
        if known:
            (first, start), (last, end) = known[0], known[-1]
            words.append(f"{one.label}, {one.quantity}: {start:.3g} in batch {first:,}, {end:.3g} in batch {last:,}")
    return "; ".join(words)
