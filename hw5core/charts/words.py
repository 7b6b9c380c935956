"""Text alternatives: what each chart shows now, in words, for users who cannot see it."""

import math
from collections.abc import Sequence
from operator import attrgetter
from statistics import fmean

import pandas as pd

from hw5core.charts.parts import guess_words
from hw5core.data.datasets import DATASETS, Dataset
from hw5core.network.counting import Count
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import WINDOW, divergence
from hw5core.runs.records import MeasuredStep

_MEASURES = {"parameters": "parameters", "MACs": "macs", "output values": "activations"}
"""The attributes of Count and LayerCount, by the names that the chart of the layers gives them."""

_NO_BATCH = "No batch has been trained yet."
_NO_EPOCH = "No epoch has finished yet."


def losses_in_words(histories: Sequence[RunHistory]) -> str:
    """Return each network's recent training loss."""
    losses = [_recent_loss(history) for history in histories if len(history.losses)]
    return f"{'; '.join(losses)}. {guess_line_in_words(histories)}" if losses else _NO_BATCH


def _recent_loss(history: RunHistory) -> str:
    if diverged := divergence(history):
        return diverged
    recent = history.losses[-WINDOW:].tolist()
    return f"{history.label} {fmean(recent):.2f}, mean of the last {len(recent)} of {len(history.losses):,} batches"


def guess_line_in_words(histories: Sequence[RunHistory]) -> str:
    """Return a sentence that names the reference lines of a loss chart, or an empty string if there is no history."""
    numbers = sorted({DATASETS[history.config.dataset].classes for history in histories})
    return f"A line marks {' and '.join(map(guess_words, numbers))}." if numbers else ""


def validation_losses_in_words(histories: Sequence[RunHistory]) -> str:
    """Return each network's last validation loss, and its epoch."""
    losses = [f"{one.label} {_validation_loss(one)} {_after(one)}" for one in histories if one.epochs]
    return f"{', '.join(losses)}." if losses else _NO_EPOCH


def _validation_loss(history: RunHistory) -> str:
    loss = history.epochs[-1].validation_loss
    return f"{loss:.3f}" if math.isfinite(loss) else "not a finite number"


def test_accuracies_in_words(histories: Sequence[RunHistory]) -> str:
    """Return each network's last test accuracy, and its epoch."""
    accuracies = [f"{one.label} {one.epochs[-1].test_accuracy:.1f} % {_after(one)}" for one in histories if one.epochs]
    return f"{', '.join(accuracies)}." if accuracies else _NO_EPOCH


def _after(history: RunHistory) -> str:
    return f"after epoch {history.epochs[-1].epoch}"


def bands_in_words(bands: pd.DataFrame, what: str) -> str:
    """Return the last values of each band of a sweep: mean, range and number of seeds."""
    values = [_band_in_words(rows, what) for _, rows in bands.groupby("series", sort=False)]
    return f"{'; '.join(values)}." if values else _NO_BATCH


def _band_in_words(rows: pd.DataFrame, what: str) -> str:
    """Return the last values of one band, and whether a seed has none after that because its loss is not finite."""
    label, numbers = rows["series"].iloc[-1], rows.dropna()
    if numbers.empty:
        return f"{label} not a finite number"
    last = numbers.iloc[-1]
    later = ", later not a finite number" if numbers.index[-1] != rows.index[-1] else ""
    return (
        f"{label} {last[what]:.2f}, from {last[f'{what}_lowest']:.2f} to {last[f'{what}_highest']:.2f}, "
        f"over {last['n']} of {last['of']} seeds{later}"
    )


def guesses_in_words(leads: Sequence[float], result: float) -> str:
    """Return the number, the range and the mean of the guessed leads, and the true lead, all in points."""
    if len(leads) == 1:
        return f"1 guess, mean {leads[0]:+.4g}. Result {result:+.1f} points."
    return (
        f"{len(leads)} guesses, from {min(leads):+.4g} to {max(leads):+.4g}, mean {fmean(leads):+.4g}. "
        f"Result {result:+.1f} points."
    )


def probabilities_in_words(probabilities: Sequence[Sequence[float]], labels: Sequence[int], dataset: Dataset) -> str:
    """Return the probability of each image's correct class."""
    values = [
        f"{dataset.class_in_words(label)} with {row[label]:.2f}"
        for row, label in zip(probabilities, labels, strict=False)
    ]
    return f"the probability of each image's correct class: {', '.join(values)}"


def gradient_caption(label: str, measured: MeasuredStep) -> str:
    """Compare the gradient norms of the first and the last layer with weights in a sentence.

    Return an empty string if they cannot be compared: a norm is 0 or not finite, or there is only one such layer.
    """
    norms = [layer.gradient_norm for layer in measured.layers if layer.gradient_norm is not None]
    if len(norms) < 2 or not all(norms) or not all(map(math.isfinite, norms)):
        return ""
    share = norms[0] / norms[-1]
    factor, comparison = (1 / share, "smaller") if share < 1 else (share, "larger")
    times = f"{factor:,.0f}" if factor >= 10 else f"{factor:.1f}"
    return f"{label}: the first layer's gradient is {times} times {comparison} than the last layer's."


def shares_in_words(counted: Count) -> str:
    """Return which layer has most of the parameters, of the MACs and of the output values."""
    if not counted.rows:
        return "There are no layers."
    return "; ".join(_largest(counted, measure) for measure in _MEASURES) + "."


def _largest(counted: Count, measure: str) -> str:
    number_of = attrgetter(_MEASURES[measure])
    largest = max(counted.rows, key=number_of)
    value, total = number_of(largest), number_of(counted)
    return f"{measure}: most in {largest.name}, {value / total:.0%}" if total else f"{measure}: none"
