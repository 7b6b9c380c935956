"""A branch of a run: its data, batches and layers from one of its checkpoints on, with something changed. No torch.

How the checkpoint's weights go over into the branch stands in `transplant`.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import BatchNorm, Conv
from hw5core.runs.config import Fork, RunConfig
from hw5core.runs.history import RunHistory


class Normalisation(StrEnum):
    """What a branch does about batch normalisation."""

    AS_IT_IS = "as it is"
    INSERTED = "after every convolution"
    REMOVED = "none"


def branch(
    parent: RunConfig,
    epoch: int,
    activation: str,
    learning_rate: float,
    normalisation: Normalisation = Normalisation.AS_IT_IS,
    epochs: int | None = None,
) -> RunConfig:
    """The run that goes on from where the parent's epoch ended, with these settings instead of its own.

    Raises ConfigError or ArchitectureError for one that cannot be trained.
    """
    return replace(
        parent,
        activation=activation,
        learning_rate=learning_rate,
        network=str(normalised(parent.architecture, normalisation)),
        epochs=epochs or parent.epochs,
        fork=Fork(parent, (epoch + 1) * parent.steps_per_epoch),
    )


def normalised(architecture: Architecture, normalisation: Normalisation) -> Architecture:
    """The network with batch normalisation right behind every convolution, or with none at all, or as it is."""
    if normalisation is Normalisation.AS_IT_IS:
        return architecture
    layers: list[Layer] = []
    for layer in architecture.layers:
        if not isinstance(layer, BatchNorm):
            layers.append(layer)
        if isinstance(layer, Conv) and normalisation is Normalisation.INSERTED:
            layers.append(BatchNorm())
    return replace(architecture, layers=tuple(layers))


def changes(config: RunConfig) -> list[str]:
    """In words, what a branch changes of the run it comes from; nothing for a run that is no branch."""
    if config.fork is None:
        return []
    parent = config.fork.parent
    said = {
        f"the activation becomes {config.spec.label} instead of {parent.spec.label}": config.spec != parent.spec,
        f"the learning rate {config.learning_rate:g} instead of {parent.learning_rate:g}": (
            config.learning_rate != parent.learning_rate
        ),
        _normalisation_in_words(parent, config): _normalisations(parent) != _normalisations(config),
    }
    return [words for words, changed in said.items() if changed]


def in_words(config: RunConfig) -> str:
    """A branch in a sentence: where it leaves its run, and what is changed there."""
    assert config.fork is not None
    changed = changes(config)
    what = ", ".join(changed) if changed else "nothing is changed"
    parent = config.fork.parent
    return f"After epoch {config.fork.epoch} of the {parent.label} run, batch {config.fork.step:,} of it, {what}."


def branches_of(parent: RunConfig, configs: Iterable[RunConfig]) -> list[RunConfig]:
    """Those of these that leave this run."""
    return [config for config in configs if config.fork and config.fork.parent == parent]


def came_to(parent: RunHistory, branch: RunHistory) -> str:
    """Where both stand after the last epoch that both have ended; nothing before the branch's first."""
    before = {result.epoch: result.test_accuracy for result in parent.epochs}
    after = {result.epoch: result.test_accuracy for result in branch.epochs}
    shared = sorted(before.keys() & after.keys())
    if not shared:
        return ""
    epoch = shared[-1]
    lead = after[epoch] - before[epoch]
    return (
        f"After epoch {epoch} **{branch.label}** is at {after[epoch]:.2f} % of the test images, the run "
        f"that it left at {before[epoch]:.2f} %: {abs(lead):.2f} points {'above' if lead >= 0 else 'below'} it."
    )


def choice(config: RunConfig) -> tuple[str, Normalisation]:
    """Of a branch, the id of the run it comes from, and what it does about normalisation: with its own settings, what
    `branch` makes it from."""
    assert config.fork is not None
    parent = config.fork.parent
    alike = parent.architecture.with_activation(config.activation)
    chosen = (kind for kind in Normalisation if normalised(alike, kind) == config.architecture)
    return parent.run_id, next(chosen)


def _normalisations(config: RunConfig) -> int:
    return sum(isinstance(layer, BatchNorm) for layer in config.architecture.layers)


def _normalisation_in_words(parent: RunConfig, config: RunConfig) -> str:
    before, after = _normalisations(parent), _normalisations(config)
    if not after:
        return "batch normalisation is taken out"
    return f"batch normalisation stands in {after} place{'s' * (after != 1)} instead of {before}"
