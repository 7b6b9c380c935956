"""What a network does so far: it learns, is no better than guessing, or has diverged. All statements about it use this.

A network that gives every class the same probability has a loss of ln(number of classes), for ten classes ln 10.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory

WINDOW = 100
"""Number of batches whose mean loss is compared with that of guessing. Single batches of five images vary too much."""

MARGIN = 0.1
"""How far this mean has to be below the loss of guessing, in nats, before a network counts as learning."""

FAR = 2.0
"""A network has diverged if this mean is more than so many times the loss of guessing, or not a finite number."""

RELAPSE_WINDOWS = 5
"""A network that has learned counts as guessing again after this many windows in a row."""


class Stage(StrEnum):
    """What a network does so far."""

    TOO_EARLY = "too early to say"
    LEARNING = "learning"
    GUESSING = "no better than guessing"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Learning:
    """The stage of a run, and where it began.

    `plateau` is the number of batches from the run's first one on, in complete windows, before the network became
    better than guessing: all of them if it never did, and None if it diverged before. `since` is the number of the
    batch at which it diverged, or from which on it is guessing again, and None otherwise. `is_near` is False if it is
    guessing with a higher loss than giving every class the same probability.
    """

    stage: Stage
    plateau: int | None
    since: int | None = None
    is_near: bool = True

    @property
    def diverged_at(self) -> int | None:
        """The number of the batch at which the network diverged, or None if it did not."""
        return self.since if self.stage is Stage.DIVERGED else None


def guess_loss(config: RunConfig) -> float:
    """Return the loss of giving every class of the run's dataset the same probability, in nats."""
    return math.log(DATASETS[config.dataset].classes)


def guess_loss_name(config: RunConfig) -> str:
    """Return the loss of a uniform guess as text: "ln 10"."""
    return f"ln {DATASETS[config.dataset].classes}"


_known: WeakKeyDictionary[RunHistory, Learning] = WeakKeyDictionary()
"""What was computed from each history, for as long as something else needs the history."""


def learning_of(history: RunHistory) -> Learning:
    """Return the stage of the run's network, from its losses. Several views of one history ask for it."""
    learning = _known.get(history)
    if learning is None:
        learning = _known[history] = _learning(history)
    return learning


def _learning(history: RunHistory) -> Learning:
    losses, guess = history.losses, guess_loss(history.config)
    means = _window_means(losses)
    learned = np.flatnonzero(means < guess - MARGIN)
    plateau = int(learned[0] if len(learned) else len(means)) * WINDOW
    # Windows after the last one in which the network was better than guessing.
    first = int(learned[-1]) + 1 if len(learned) else 0
    diverged = _first_far(losses, means, first, FAR * guess)
    if diverged is not None:
        return Learning(Stage.DIVERGED, plateau if len(learned) else None, history.first_step + diverged)
    if not len(means):
        return Learning(Stage.TOO_EARLY, plateau)
    windows = len(means) - first
    if windows == 0 or (len(learned) and windows < RELAPSE_WINDOWS):
        return Learning(Stage.LEARNING, plateau)
    since = history.first_step + first * WINDOW if len(learned) else None
    return Learning(Stage.GUESSING, plateau, since, bool(means[first:].mean() <= guess + MARGIN))


def learned_after(history: RunHistory) -> int | None:
    """Return for how many batches the network was no better than guessing, or None if it still is, if it has diverged
    before it learned, or if it is too early to say. The batches of a fork count from its checkpoint."""
    plateau = learning_of(history).plateau
    return plateau if plateau is not None and plateau < len(history.losses) // WINDOW * WINDOW else None


def plateau_rule(config: RunConfig) -> str:
    """Return when a network counts as better than guessing, as a clause."""
    return f"the mean loss of {WINDOW} batches is below {guess_loss_name(config)} − {MARGIN:g}"


def learning_caption(history: RunHistory) -> str:
    """Return a sentence about the stage, such as "Sigmoid: no better than guessing (loss near ln 10) for 900 batches."

    It is empty while it is too early to say, and for a fork that learns, because its parent may have learned before.
    """
    learning = learning_of(history)
    name = history.label[0].upper() + history.label[1:]
    match learning.stage:
        case Stage.TOO_EARLY:
            return ""
        case Stage.DIVERGED:
            return f"{name}: diverged at batch {learning.since:,}. {_divergence(history)}"
        case Stage.GUESSING:
            loss = f"loss {'near' if learning.is_near else 'above'} {guess_loss_name(history.config)}"
            if learning.since is not None:
                return f"{name}: no better than guessing again ({loss}) since batch {learning.since:,}."
            return f"{name}: no better than guessing ({loss}) for {learning.plateau:,} batches."
        case Stage.LEARNING:
            if history.first_step:
                return ""
            after = f"after {learning.plateau:,}" if learning.plateau else f"within the first {WINDOW}"
            return f"{name}: better than guessing {after} batches ({plateau_rule(history.config)})."


def divergence(history: RunHistory) -> str:
    """Return "ReLU diverged at batch 5" if the run's network has diverged, and an empty string otherwise."""
    batch = learning_of(history).diverged_at
    return "" if batch is None else f"{history.label} diverged at batch {batch:,}"


def _divergence(history: RunHistory) -> str:
    """Return a sentence that says what is wrong with the loss of a network that has diverged."""
    if np.isfinite(history.losses[-1]):
        return f"The loss is far above {guess_loss_name(history.config)}. A smaller learning rate may help."
    return "The loss is no longer a finite number. A smaller learning rate may help."


def _window_means(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean loss of each complete window. It is NaN or infinite if one of the losses is."""
    complete = len(losses) // WINDOW * WINDOW
    with np.errstate(invalid="ignore", over="ignore"):
        return losses[:complete].reshape(-1, WINDOW).mean(axis=1)


def _first_far(losses: NDArray[np.float64], means: NDArray[np.float64], first: int, limit: float) -> int | None:
    """Return the index of the first loss beyond the limit, in the first window from `first` on whose mean is beyond it.

    A loss that is not finite counts even before its window is complete.
    """
    complete = len(means) * WINDOW
    far = np.flatnonzero(~(means[first:] <= limit))
    if len(far):
        start = (first + int(far[0])) * WINDOW
        return start + int(np.argmax(~(losses[start:] <= limit)))
    infinite = np.flatnonzero(~np.isfinite(losses[complete:]))
    return complete + int(infinite[0]) if len(infinite) else None
