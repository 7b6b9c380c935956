"""What runs say in words: captions while they train, and what they have to say about the sheet's claims. No torch.

Every sentence is computed from the runs' own records. A difference counts only beyond twice its standard error; what a
run cannot decide is called undecided.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

from hw5core.data import datasets
from hw5core.homework.sheet import CLAIMS
from hw5core.runs.config import CLASSES
from hw5core.runs.history import RunHistory
from hw5core.runs.records import MeasuredStep
from hw5core.runs.run import Status

PLATEAU_WINDOW = 100
"""Batches whose mean loss is compared with ln 10: of five images each, single batches say little."""

PLATEAU_DEPTH = 0.1
"""How far (nats) that mean has to fall below ln 10 before a network counts as having begun to learn."""


MANY_UNITS = 0.01
"""The share of sigmoid's units from which on this race can be said to have met its flat ends at all."""


class Verdict(StrEnum):
    """What a race says about a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "cannot tell from this"


@dataclass(frozen=True)
class Finding:
    """A claim of the sheet, what this race says about it, and the figures that say so."""

    claim: str
    verdict: Verdict
    reason: str


def batches_on_plateau(losses: NDArray[np.float64]) -> int:
    """How many batches, from the first on, a network stayed at ln 10, the loss of guessing: whole windows only."""
    whole = len(losses) // PLATEAU_WINDOW * PLATEAU_WINDOW
    means = losses[:whole].reshape(-1, PLATEAU_WINDOW).mean(axis=1)
    learning = np.flatnonzero(means < math.log(CLASSES) - PLATEAU_DEPTH)
    return int(learning[0]) * PLATEAU_WINDOW if len(learning) else whole


def plateau_caption(run: RunHistory) -> str:
    """Whether the network still guesses; empty before the first window is full, and for a branch, which may have begun
    anywhere."""
    label, seen = run.label, len(run.losses)
    stayed = batches_on_plateau(run.losses)
    if seen < PLATEAU_WINDOW or run.first_step:
        return ""
    if stayed == seen // PLATEAU_WINDOW * PLATEAU_WINDOW:
        return f"{label} has sat on ln 10 for {stayed:,} batches: it still guesses."
    if stayed == 0:
        return f"{label} was below ln 10 within its first {PLATEAU_WINDOW} batches."
    return f"{label} left ln 10 after {stayed:,} batches."


def gradient_caption(label: str, measured: MeasuredStep) -> str:
    """How much of the gradient is left in the first layer's weights of what there is in the last's."""
    norms = [layer.gradient_norm for layer in measured.layers if layer.gradient_norm is not None]
    if len(norms) < 2 or not all(norms) or not all(map(math.isfinite, norms)):
        return ""
    share = norms[0] / norms[-1]
    if share < 1:
        return f"{label}: the first layer's gradient is {_times(1 / share)} smaller than the last one's."
    return f"{label}: the first layer's gradient is {_times(share)} larger than the last one's."


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"


def claims(relu: RunHistory, sigmoid: RunHistory) -> list[Finding]:
    """What a finished race of ReLU and sigmoid says about each of the sheet's claims, in the sheet's order."""
    judges: Sequence[Callable[[RunHistory, RunHistory], tuple[Verdict, str]]] = (
        _best_accuracy,
        _slower_learning,
        _running_time,
        _saturation,
    )
    finished = all(run.status is Status.FINISHED for run in (relu, sigmoid))
    undecided = (Verdict.UNDECIDED, "the race has not ended")
    return [
        Finding(claim, *(judge(relu, sigmoid) if finished else undecided))
        for claim, judge in zip(CLAIMS, judges, strict=True)
    ]


def _best_accuracy(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    lead, error = _lead(relu, sigmoid)
    reason = f"ReLU ends {abs(lead):.2f} points {'above' if lead > 0 else 'below'} sigmoid, ± {2 * error:.2f}"
    return _beyond(lead, error), reason


def _slower_learning(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    waited = batches_on_plateau(relu.losses), batches_on_plateau(sigmoid.losses)
    lead, error = _lead(relu, sigmoid)
    reason = (
        f"ReLU stayed at ln 10 for {waited[0]:,} batches and sigmoid for {waited[1]:,} of {len(sigmoid.losses):,}; "
        f"sigmoid ends {abs(lead):.2f} points {'below' if lead > 0 else 'above'}"
    )
    if waited[1] <= waited[0]:
        return Verdict.FAILS if lead < 0 else Verdict.UNDECIDED, reason
    return _beyond(lead, error), reason


def _running_time(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    times = [[epoch.seconds for epoch in run.epochs] for run in (relu, sigmoid)]
    if min(map(len, times)) < 2:
        return Verdict.UNDECIDED, "one epoch has no spread to compare a difference with"
    means, spreads = [fmean(one) for one in times], [stdev(one) for one in times]
    error = math.hypot(*(spread / math.sqrt(len(one)) for spread, one in zip(spreads, times, strict=True)))
    more = means[1] - means[0]
    reason = (
        f"an epoch took ReLU {means[0]:.2f} ± {spreads[0]:.2f} s and sigmoid {means[1]:.2f} ± {spreads[1]:.2f} s "
        f"({round(100 * more / means[0]):+d} %)"
    )
    return _beyond(more, error), reason


def _saturation(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    saturated, silent = _saturated_at_the_end(sigmoid), _saturated_at_the_end(relu)
    if saturated is None or silent is None:
        return Verdict.UNDECIDED, "this race recorded no layer statistics"
    reason = (
        f"sigmoid(7) and sigmoid(12) differ by {_sigmoid(12) - _sigmoid(7):.4f}, ReLU(7) and ReLU(12) by 5; of the "
        f"units of this race, {100 * saturated:.1f} % of sigmoid's lay that flat at the end, and {100 * silent:.1f} % "
        "of ReLU's put out 0, which keeps no size either"
    )
    return Verdict.HOLDS if saturated >= MANY_UNITS else Verdict.UNDECIDED, reason


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _saturated_at_the_end(run: RunHistory) -> float | None:
    """Mean share of saturated units over the activations, in the last batch that was measured."""
    return fmean(run.statistics[-1].saturated.values()) if run.statistics else None


def _lead(relu: RunHistory, sigmoid: RunHistory) -> tuple[float, float]:
    """By how many points ReLU's final test accuracy is ahead, and the standard error of that from the number of test
    images, as if the two networks' mistakes were independent."""
    test_images = datasets.split_sizes(relu.config.dataset)[2]
    shares = [run.epochs[-1].test_accuracy / 100 for run in (relu, sigmoid)]
    variance = sum(share * (1 - share) / test_images for share in shares)
    return 100 * (shares[0] - shares[1]), 100 * math.sqrt(variance)


def _beyond(difference: float, error: float) -> Verdict:
    if abs(difference) <= 2 * error:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if difference > 0 else Verdict.FAILS
