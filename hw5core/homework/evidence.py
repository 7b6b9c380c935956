"""Evidence for and against explanations of why sigmoid learns late, computed from the records of a race."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hw5core.runs.history import RunHistory
from hw5core.runs.learning import guess_loss_name, learned_after, learning_of
from hw5core.runs.records import LayerStatistics, layer_number

LITTLE_SATURATION = 0.1
"""Up to this share of saturated units, saturation cannot be why a network only guesses.

If a tenth of a layer's units passed back nothing, the norm of the gradient behind them would shrink by only 5 %.
"""

MUCH_SATURATION = 0.5
"""From this share of saturated units in a layer on, saturation explains that a network only guesses."""


class Verdict(StrEnum):
    """What a race says about a claim or an explanation."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class LargestShare:
    """The largest share of saturated units (0 to 1) of one layer, and the number of the batch that had it."""

    layer: str
    share: float
    step: int


@dataclass(frozen=True)
class Saturation:
    """The saturated units of one run, in the batches that it measured.

    `while_guessing` has the largest share of each activation before batch `left`, in the order of the forward pass.
    `left` is the batch from which on the network was better than guessing, or None if it never was. `measured` is the
    number of batches measured before it. `afterwards` is the largest share of any layer from `left` on, or None if no
    such batch was measured.
    """

    while_guessing: tuple[LargestShare, ...]
    measured: int
    left: int | None
    afterwards: LargestShare | None

    @property
    def largest(self) -> LargestShare:
        """The largest share of any layer while the network was no better than guessing."""
        return max(self.while_guessing, key=lambda one: one.share)


def saturation_of(history: RunHistory) -> Saturation | None:
    """Return the saturated units of a run before and after its network became better than guessing.

    Return None if the run measured no batch before that, or if its network diverged.
    """
    if learning_of(history).plateau is None:
        return None
    plateau = learned_after(history)
    left = None if plateau is None else history.first_step + plateau
    end = history.done if left is None else left
    before = [one for one in history.statistics if one.step < end and one.saturated]
    if not before:
        return None
    after = _largest_shares([one for one in history.statistics if one.step >= end and one.saturated])
    return Saturation(
        while_guessing=_largest_shares(before),
        measured=len(before),
        left=left,
        afterwards=max(after, key=lambda one: one.share, default=None),
    )


def saturation_evidence(relu: RunHistory, sigmoid: RunHistory) -> tuple[Verdict, str]:
    """Return whether saturation is why sigmoid only guesses at first, and the figures behind the verdict."""
    relu_plateau, sigmoid_plateau = learning_of(relu).plateau, learning_of(sigmoid).plateau
    if relu_plateau is None or sigmoid_plateau is None:
        return Verdict.UNDECIDED, "a network of this race diverged"
    if sigmoid_plateau <= relu_plateau:
        return Verdict.UNDECIDED, "sigmoid was no better than guessing for as long as ReLU at most, so it did not stall"
    saturation = saturation_of(sigmoid)
    if saturation is None:
        return Verdict.UNDECIDED, "this race recorded no saturated units while sigmoid was no better than guessing"
    return _saturation_verdict(saturation), _saturation_in_words(sigmoid, saturation)


def _saturation_verdict(saturation: Saturation) -> Verdict:
    """Return whether the saturated units explain that the network was no better than guessing."""
    if saturation.largest.share <= LITTLE_SATURATION:
        return Verdict.CONTRADICTED
    return Verdict.SUPPORTED if saturation.largest.share >= MUCH_SATURATION else Verdict.UNDECIDED


def _saturation_in_words(history: RunHistory, saturation: Saturation) -> str:
    """Return the figures of a run's saturated units as a clause."""
    shares = ", ".join(f"{100 * one.share:.1f} % in {one.layer}" for one in saturation.while_guessing)
    guess = guess_loss_name(history.config)
    until = f"left {guess} at batch {saturation.left:,}" if saturation.left is not None else f"never left {guess}"
    plural = "batch" if saturation.measured == 1 else "batches"
    before = " before" if saturation.left is not None else ""
    words = (
        f"{history.label}'s loss {until}; in the {saturation.measured:,} {plural} measured{before}, at most this share "
        f"of units was saturated: {shares}"
    )
    if saturation.afterwards:
        later = saturation.afterwards
        words += f"; from then on up to {100 * later.share:.1f} % ({later.layer}, batch {later.step:,})"
    return words


@dataclass(frozen=True)
class GradientRatio:
    """The gradient norms of both networks for the weights of one layer in one batch.

    `ratio` is ReLU's norm divided by sigmoid's.
    """

    layer: str
    step: int
    relu: float
    sigmoid: float

    @property
    def ratio(self) -> float:
        return self.relu / self.sigmoid


def first_gradients(relu: RunHistory, sigmoid: RunHistory) -> tuple[GradientRatio, ...]:
    """Return the gradient norms of both networks in the first batch of a race, layer by layer from the input on.

    It is empty if a run did not record them, or if the two did not start from the same weights with the same batches.
    """
    if not _starts_are_equal(relu, sigmoid):
        return ()
    first = [one for history in (relu, sigmoid) for one in history.statistics[:1] if one.step == history.first_step]
    if len(first) < 2 or first[0].step != first[1].step:
        return ()
    ours, theirs = (one.gradient_norms for one in first)
    return tuple(
        GradientRatio(layer, first[0].step, ours[layer], theirs[layer])
        for layer in sorted(ours, key=layer_number)
        if math.isfinite(ours[layer]) and math.isfinite(theirs.get(layer, 0.0)) and theirs.get(layer)
    )


def gradient_in_words(relu: RunHistory, sigmoid: RunHistory) -> str:
    """Return by how much the gradients that reach the first layer differ in the first batch, as a clause."""
    gradients = first_gradients(relu, sigmoid)
    if not gradients:
        return "this race has no gradients of its first batch to compare"
    first = gradients[0]
    return (
        f"in batch {first.step:,}, ReLU's gradient norm in {first.layer} is {first.relu:.2g} and sigmoid's "
        f"{first.sigmoid:.2g}: {first.ratio:.3g} times"
    )


def _starts_are_equal(relu: RunHistory, sigmoid: RunHistory) -> bool:
    started = relu.started, sigmoid.started
    hashes = {(one.weights_hash, one.order_hash, one.split_hash) for one in started if one}
    return len(hashes) <= 1


def _largest_shares(statistics: Sequence[LayerStatistics]) -> tuple[LargestShare, ...]:
    """Return the largest share of each layer, in the order of the forward pass."""
    largest: dict[str, LargestShare] = {}
    for one in statistics:
        for layer, share in one.saturated.items():
            if layer not in largest or share > largest[layer].share:
                largest[layer] = LargestShare(layer, share, one.step)
    return tuple(largest[layer] for layer in sorted(largest, key=layer_number))
