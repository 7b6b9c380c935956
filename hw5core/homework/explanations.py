"""Four explanations of why sigmoid learns late, judged with the records of a race and of controlled experiments.

The race is the first experiment: same weights, same batches, another activation. In each of the others, sigmoid has one
other setting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hw5core.homework.evidence import Verdict, first_gradients, saturation_evidence
from hw5core.runs.config import INITIALISATIONS, SETTINGS, RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import WINDOW, learned_after, learning_of

SMALLER_GRADIENT = 3.0
"""From this ratio of the gradients in the first layer on, sigmoid's counts as smaller."""

SAME_GRADIENT = 1.5
"""Up to this ratio, the gradients count as equal."""

MUCH_EARLIER, HARDLY_EARLIER = 0.5, 0.8
"""An experiment supports its explanation if sigmoid guesses for at most the first share of its batches, and contradicts
it if it guesses for at least the second."""

RATE_FACTORS = (2, 5, 10)
"""How many times the learning rate of the race the experiments have."""


class Cause(StrEnum):
    """What may be the reason why sigmoid learns late. The values are stored with votes."""

    SATURATION = "saturation"
    SLOPES = "slopes"
    WEIGHTS = "weights"
    RATE = "rate"

    @property
    def sentence(self) -> str:
        """The explanation in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Cause.SATURATION: "Units saturate.",
    Cause.SLOPES: "Slopes below 1 shrink the gradient layer by layer.",
    Cause.WEIGHTS: "The initial weights are bad.",
    Cause.RATE: "The learning rate is too small.",
}


@dataclass(frozen=True)
class Explanation:
    """An explanation of why sigmoid learns late, the verdict on it, and the figures behind the verdict.

    `since` is the batch from which on the verdict is known to be right, or None if there is none.
    """

    cause: Cause
    verdict: Verdict
    reason: str
    since: int | None = None


def experiments(sigmoid: RunConfig) -> dict[str, tuple[RunConfig, ...]]:
    """Return the configs of the controlled experiments with sigmoid, by the setting that they change."""
    rates = (factor * sigmoid.learning_rate for factor in RATE_FACTORS)
    return {
        "initialisation": tuple(
            replace(sigmoid, initialisation=name) for name in INITIALISATIONS if name != sigmoid.initialisation
        ),
        "learning_rate": tuple(
            replace(sigmoid, learning_rate=rate) for rate in rates if rate <= SETTINGS["learning_rate"].highest
        ),
    }


def explanations(
    relu: RunHistory, sigmoid: RunHistory, tried: Sequence[RunHistory], slopes: float | None = None
) -> list[Explanation]:
    """Judge the four explanations.

    `tried` are the histories of experiments, of those that exist. `slopes` is the ratio of the gradients in the first
    layer that the slopes alone predict, from the gradient budget, or None if it is not known.
    """
    first = sigmoid.first_step
    saturation = saturation_evidence(relu, sigmoid)
    gradient = _gradient(relu, sigmoid, slopes)
    return [
        Explanation(Cause.SATURATION, *saturation, since=first if saturation[0] is not Verdict.UNDECIDED else None),
        Explanation(
            Cause.SLOPES,
            *gradient,
            since=first if gradient[0] is not Verdict.UNDECIDED else None,
        ),
        Explanation(Cause.WEIGHTS, *_weights(relu, sigmoid, tried)),
        Explanation(Cause.RATE, *_experiment(relu, sigmoid, tried, "learning_rate")),
    ]


def _gradient(relu: RunHistory, sigmoid: RunHistory, slopes: float | None) -> tuple[Verdict, str]:
    gradients = first_gradients(relu, sigmoid)
    if not gradients:
        return Verdict.UNDECIDED, "this race has no gradients of its first batch to compare"
    ratios = ", ".join(f"{one.ratio:.3g} in {one.layer}" for one in gradients)
    reason = (
        f"in batch {gradients[0].step:,}, with the same weights and images, ReLU's gradient norm divided by sigmoid's "
        f"is {ratios}"
    )
    if slopes is not None:
        reason += f"; the slopes alone predict {slopes:.3g} at the first layer"
    first, last = gradients[0].ratio, gradients[-1].ratio
    if first <= SAME_GRADIENT:
        return Verdict.CONTRADICTED, reason
    grows = len(gradients) > 1 and first > last
    return Verdict.SUPPORTED if first >= SMALLER_GRADIENT and grows else Verdict.UNDECIDED, reason


def _weights(relu: RunHistory, sigmoid: RunHistory, tried: Sequence[RunHistory]) -> tuple[Verdict, str]:
    verdict, reason = _experiment(relu, sigmoid, tried, "initialisation")
    plateau = learned_after(relu)
    if plateau is None:
        return verdict, reason
    when = f"after {plateau:,} batches" if plateau else f"within the first {WINDOW} batches"
    alone = f"ReLU starts from the same weights and is better than guessing {when}"
    return verdict, f"{alone}, so they are not bad for every activation; {reason}"


def _experiment(
    relu: RunHistory, sigmoid: RunHistory, tried: Sequence[RunHistory], setting: str
) -> tuple[Verdict, str]:
    """Compare how long sigmoid only guesses in the race and in the experiments with another value of a setting."""
    label = SETTINGS[setting].label
    usual = learning_of(sigmoid).plateau
    relu_plateau = learning_of(relu).plateau
    if usual is None or relu_plateau is None or usual <= relu_plateau:
        return Verdict.UNDECIDED, "sigmoid did not stall in this race"
    found = {
        getattr(one.config, setting): plateau
        for one in tried
        if getattr(one.config, setting) != getattr(sigmoid.config, setting)
        and (plateau := known_plateau(one, usual)) is not None
    }
    if not found:
        return Verdict.UNDECIDED, f"no run of sigmoid with another {label} is far enough on this server"
    values = ", ".join(f"{plateau:,} with {value}" for value, plateau in found.items())
    reason = (
        f"sigmoid is no better than guessing for {usual:,} batches in this race, and with another {label} for {values}"
    )
    verdict = verdict_of_plateau(min(found.values()), sigmoid)
    if verdict is Verdict.UNDECIDED and learned_after(sigmoid) is None:
        reason += "; the race ends before sigmoid learns, so train it longer"
    return verdict, reason


def verdict_of_plateau(plateau: int, usual: RunHistory) -> Verdict:
    """Judge whether a changed run that guesses for so many batches learns earlier than the usual one.

    If the usual one never learns, nobody knows how much longer it would have guessed.
    """
    share = plateau / (learning_of(usual).plateau or 1)
    if share <= MUCH_EARLIER:
        return Verdict.SUPPORTED
    return Verdict.CONTRADICTED if share >= HARDLY_EARLIER and learned_after(usual) is not None else Verdict.UNDECIDED


def known_plateau(history: RunHistory, usual: int) -> int | None:
    """Return for how many batches a network only guesses, or None if it diverged or has not trained long enough.

    A network that still guesses after as many batches as in the race has trained long enough.
    """
    plateau = learning_of(history).plateau
    return plateau if plateau is not None and (plateau >= usual or learned_after(history) is not None) else None
