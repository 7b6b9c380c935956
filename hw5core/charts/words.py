"""What each chart shows now, in words, for whoever hears the page instead of seeing it. Computed from what is drawn;
pure functions, no page, no torch.
"""

from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from hw5core.charts.parts import UNIFORM_GUESS_WORDS
from hw5core.network.counting import Count
from hw5core.runs.history import RunHistory

RECENT_BATCHES = 100
"""Over how many batches a loss is averaged before it is spoken: of five images each, single ones say little."""


def losses_in_words(runs: Sequence[RunHistory]) -> str:
    """Where each network's training loss stands."""
    told = [_recent_loss(run) for run in runs if len(run.losses)]
    return f"{'; '.join(told)}. A line marks {UNIFORM_GUESS_WORDS}." if told else "Nothing has been trained yet."


def validation_losses_in_words(runs: Sequence[RunHistory]) -> str:
    """Each network's last validation loss, and which epoch it is of."""
    told = [f"{_label(run)} {run.epochs[-1].validation_loss:.3f} {_after(run)}" for run in runs if run.epochs]
    return f"{', '.join(told)}. A line marks {UNIFORM_GUESS_WORDS}." if told else "No epoch has ended yet."


def test_accuracies_in_words(runs: Sequence[RunHistory]) -> str:
    """Each network's last test accuracy, and which epoch it is of."""
    told = [f"{_label(run)} {run.epochs[-1].test_accuracy:.1f} % {_after(run)}" for run in runs if run.epochs]
    return f"{', '.join(told)}." if told else "No epoch has ended yet."


def bands_in_words(bands: pd.DataFrame, what: str) -> str:
    """Where each network's band of a sweep ends: the mean, the range, and over how many seeds they are taken."""
    last = bands.dropna().groupby("activation", sort=False).tail(1)
    told = [
        f"{row['activation']} {row[what]:.2f}, from {row[f'{what}_lowest']:.2f} to {row[f'{what}_highest']:.2f}, "
        f"over {row['n']} of {row['of']} seeds"
        for row in last.to_dict("records")
    ]
    return f"{'; '.join(told)}." if told else "Nothing has been trained yet."


def guesses_in_words(leads: Sequence[float], came_to: float) -> str:
    """What was guessed, and what it came to; leads in points."""
    return (
        f"{len(leads)} guesses, from {min(leads):+.0f} to {max(leads):+.0f} points, {fmean(leads):+.1f} in the mean; "
        f"it came to {came_to:+.1f}."
    )


def probabilities_in_words(probabilities: Sequence[Sequence[float]], labels: Sequence[int]) -> str:
    """What each image is and the probability that it was given."""
    told = [f"a {label} with {row[label]:.2f}" for row, label in zip(probabilities, labels, strict=False)]
    return f"the probability that each image got of what it is: {', '.join(told)}"


def shares_in_words(counted: Count) -> str:
    """Which layer holds most of the parameters, of the work and of the outputs."""
    if not counted.rows:
        return "There are no layers."
    return "; ".join(_most(counted, measure) for measure in ("parameters", "MACs", "activations")) + "."


def _most(counted: Count, measure: str) -> str:
    most = max(counted.rows, key=lambda row: getattr(row, measure.lower()))
    value, total = getattr(most, measure.lower()), getattr(counted, measure.lower())
    return f"{measure}: most in {most.name}, {value / total:.0%}" if total else f"{measure}: none"


def _recent_loss(run: RunHistory) -> str:
    recent = run.losses[-RECENT_BATCHES:].tolist()
    return f"{_label(run)} {fmean(recent):.2f} in the mean of its last {len(recent)} of {len(run.losses):,} batches"


def _label(run: RunHistory) -> str:
    return run.label


def _after(run: RunHistory) -> str:
    return f"after epoch {run.epochs[-1].epoch}"
