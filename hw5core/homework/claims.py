"""The claims of the homework sheet, tested with the results of a race.

A difference counts only if it is larger than twice its standard error. Otherwise the verdict is "undecided".
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from hw5core.data import datasets
from hw5core.explain.functions import remains
from hw5core.homework.evidence import Verdict, gradient_in_words, saturation_evidence
from hw5core.homework.sheet import CLAIMS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import divergence, learning_of, plateau_rule
from hw5core.runs.run import Status


@dataclass(frozen=True)
class Finding:
    """A claim of the sheet, the verdict of a race on it, and the numbers behind the verdict."""

    claim: str
    verdict: Verdict
    reason: str


def check_claims(relu: RunHistory, sigmoid: RunHistory) -> list[Finding]:
    """Test the sheet's claims, in its order, with a race of ReLU and sigmoid.

    A race that is not finished decides nothing, and neither does one in which a network diverged.
    """
    checks: Sequence[Callable[[RunHistory, RunHistory], tuple[Verdict, str]]] = (
        _best_accuracy,
        _slower_learning,
        _running_time,
        _saturation,
    )
    obstacle = _obstacle(relu, sigmoid)
    return [
        Finding(claim, *((Verdict.UNDECIDED, obstacle) if obstacle else check(relu, sigmoid)))
        for claim, check in zip(CLAIMS, checks, strict=True)
    ]


def _obstacle(*race: RunHistory) -> str:
    """Return why the race decides nothing, or an empty string."""
    if not all(history.status is Status.FINISHED for history in race):
        return "the race is not finished"
    diverged = [words for history in race if (words := divergence(history))]
    return f"{' and '.join(diverged)}, so this race decides nothing" if diverged else ""


def _best_accuracy(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    lead, error = _lead(relu, sigmoid)
    test_images = datasets.split_sizes(relu.config.dataset)[2]
    reason = (
        f"ReLU ends {abs(lead):.2f} points {'above' if lead > 0 else 'below'} sigmoid, ± {2 * error:.2f} (two standard "
        f"errors over the {test_images:,} test images)"
    )
    return _verdict(lead, error), reason


def _slower_learning(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    relu_batches, sigmoid_batches = learning_of(relu).plateau or 0, learning_of(sigmoid).plateau or 0
    lead, error = _lead(relu, sigmoid)
    reason = (
        f"ReLU was no better than guessing for {relu_batches:,} batches and sigmoid for {sigmoid_batches:,} of "
        f"{len(sigmoid.losses):,} (until {plateau_rule(relu.config)}); sigmoid ends {abs(lead):.2f} points "
        f"{'below' if lead > 0 else 'above'} ReLU"
    )
    if sigmoid_batches <= relu_batches:
        return Verdict.CONTRADICTED if lead < 0 else Verdict.UNDECIDED, reason
    return _verdict(lead, error), reason


def _running_time(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    times = [[epoch.seconds for epoch in history.epochs] for history in (relu, sigmoid)]
    if min(map(len, times)) < 2:
        return Verdict.UNDECIDED, "a single epoch has no standard deviation to compare the difference with"
    means, deviations = [fmean(one) for one in times], [stdev(one) for one in times]
    error = math.hypot(*(deviation / math.sqrt(len(one)) for deviation, one in zip(deviations, times, strict=True)))
    longer = means[1] - means[0]
    reason = (
        f"an epoch took {means[0]:.2f} ± {deviations[0]:.2f} s with ReLU and {means[1]:.2f} ± {deviations[1]:.2f} s "
        f"with sigmoid ({round(100 * longer / means[0]):+d} %); ± is the standard deviation over the epochs"
    )
    return _verdict(longer, error), reason


def _saturation(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    """Judge saturation as the cause. That sigmoid is flat far from 0 is right in any race."""
    verdict, figures = saturation_evidence(relu, sigmoid)
    far = (
        f"sigmoid(7) and sigmoid(12) differ by {remains(ACTIVATIONS['sigmoid'], 7, 12):.4f}, ReLU(7) and ReLU(12) by 5"
    )
    match verdict:
        case Verdict.CONTRADICTED:
            judgement = "the arithmetic is right, but the units were not that far from 0 while sigmoid only guessed"
        case Verdict.SUPPORTED:
            judgement = "the arithmetic is right, and the units were that far from 0 while sigmoid only guessed"
        case Verdict.UNDECIDED:
            judgement = "the arithmetic is right, but this race does not show whether it is the cause"
    gradients = gradient_in_words(relu, sigmoid)
    return verdict, f"{judgement} ({far}). {figures[0].upper()}{figures[1:]}. The gradient: {gradients}"


def _lead(relu: RunHistory, sigmoid: RunHistory) -> tuple[float, float]:
    """Return ReLU's lead in final test accuracy, and its standard error, both in percentage points.

    The error follows from the number of test images, as if the two networks made mistakes independently.
    """
    test_images = datasets.split_sizes(relu.config.dataset)[2]
    shares = [history.epochs[-1].test_accuracy / 100 for history in (relu, sigmoid)]
    variance = sum(share * (1 - share) / test_images for share in shares)
    return 100 * (shares[0] - shares[1]), 100 * math.sqrt(variance)


def _verdict(difference: float, error: float) -> Verdict:
    if abs(difference) <= 2 * error:
        return Verdict.UNDECIDED
    return Verdict.SUPPORTED if difference > 0 else Verdict.CONTRADICTED
