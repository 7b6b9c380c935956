"""Rescues: runs that change one thing about a network that only guesses, and what each of them does to its plateau."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from hw5core.homework.evidence import Verdict
from hw5core.homework.explanations import known_plateau, verdict_of_plateau
from hw5core.runs.config import SETTINGS, RunConfig
from hw5core.runs.forks import Normalisation, with_normalisation
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import WINDOW, divergence, guess_loss_name, learned_after, learning_of

RATE_FACTOR = 10
MOMENTUM = 0.9


@dataclass(frozen=True)
class Rescue:
    """A run that changes one thing about the original run, and the label of the change."""

    label: str
    config: RunConfig


@lru_cache(maxsize=64)  # live updates ask for them again and again, and checking a config takes a millisecond
def rescues(original: RunConfig) -> tuple[Rescue, ...]:
    """Return the rescues of this run. A change that the original has already is left out."""
    normalised = with_normalisation(original.architecture, Normalisation.INSERTED)
    rate = min(RATE_FACTOR * original.learning_rate, SETTINGS["learning_rate"].highest)
    tried = {
        "Xavier initialisation": replace(original, initialisation="xavier"),
        "batch normalisation": replace(original, network=str(normalised)),
        f"learning rate {rate:g}": replace(original, learning_rate=rate),
        f"momentum {MOMENTUM:g}": replace(original, momentum=max(MOMENTUM, original.momentum)),
        "tanh": replace(original, activation="tanh"),
        "ReLU in the first layer only": replace(original, relu_layer=1),
    }
    return tuple(Rescue(label, config) for label, config in tried.items() if config != original)


@lru_cache(maxsize=256)
def with_seeds(config: RunConfig, number: int) -> tuple[RunConfig, ...]:
    """Return the run with its own seed, and with the next seeds, `number` in all. After the highest seed comes 0."""
    return tuple(config.with_later_seed(more) for more in range(number))


def pairs(
    originals: Iterable[RunConfig], rescued: Iterable[RunConfig], histories: Mapping[str, RunHistory]
) -> list[tuple[RunHistory, RunHistory]]:
    """Return the histories of both runs for each seed for which both exist."""
    return [
        (histories[one.run_id], histories[other.run_id])
        for one, other in zip(originals, rescued, strict=True)
        if one.run_id in histories and other.run_id in histories
    ]


def judge(label: str, pairs: Sequence[tuple[RunHistory, RunHistory]]) -> tuple[Verdict, str]:
    """Judge whether the change frees the original run from its plateau, and return the figures behind the verdict.

    `pairs` are histories of the original run and of the changed one, a pair per seed. With several seeds, all have to
    agree.
    """
    if not pairs:
        return Verdict.UNDECIDED, "not trained on this server yet"
    judged = [_judge(original, rescued) for original, rescued in pairs]
    verdicts = {verdict for verdict, _ in judged}
    agreed = verdicts.pop() if len(verdicts) == 1 else Verdict.UNDECIDED
    if len(pairs) == 1:
        return agreed, judged[0][1]
    seeds = [f"seed {original.config.seed}: {reason}" for (original, _), (_, reason) in zip(pairs, judged, strict=True)]
    return agreed, f"with {label}, {len(pairs)} seeds. {'. '.join(seeds)}"


def _judge(original: RunHistory, rescued: RunHistory) -> tuple[Verdict, str]:
    usual = learning_of(original).plateau
    if usual is None:
        return Verdict.UNDECIDED, "the original run diverged"
    if diverged := divergence(rescued):
        return Verdict.CONTRADICTED, diverged
    stuck = f"the original {_plateau_in_words(original)}"
    if not usual:
        return Verdict.UNDECIDED, f"{stuck}, so it needs no rescue"
    plateau = known_plateau(rescued, usual)
    if plateau is None:
        return Verdict.UNDECIDED, f"not far enough yet: {rescued.done:,} batches; {stuck}"
    words = f"{_plateau_in_words(rescued)}, {stuck}{_accuracies_in_words(original, rescued)}"
    return verdict_of_plateau(plateau, original), words


def _plateau_in_words(history: RunHistory) -> str:
    plateau, guess = learned_after(history), guess_loss_name(history.config)
    if plateau is None:
        return f"has not left {guess} after {learning_of(history).plateau:,} batches"
    return f"left {guess} at batch {plateau:,}" if plateau else f"left {guess} within the first {WINDOW} batches"


def _accuracies_in_words(original: RunHistory, rescued: RunHistory) -> str:
    """Compare the test accuracies after the last epoch that both have finished."""
    epochs = min(len(original.epochs), len(rescued.epochs))
    if not epochs:
        return ""
    ours, theirs = (one.epochs[epochs - 1].test_accuracy for one in (rescued, original))
    return f"; after epoch {original.epochs[epochs - 1].epoch}, its test accuracy is {ours:.2f} %, not {theirs:.2f} %"
