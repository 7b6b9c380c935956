"""Forks: runs that continue from another run's checkpoint with something changed.

`training/warm_start.py` adapts the checkpoint's weights to the fork.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import BatchNorm, Conv
from hw5core.runs.config import Fork, RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import divergence


class Normalisation(StrEnum):
    """What a fork does with batch normalisation."""

    AS_IT_IS = "as it is"
    INSERTED = "after every convolution"
    REMOVED = "none"


def fork(
    parent: RunConfig,
    epoch: int,
    activation: str,
    learning_rate: float,
    normalisation: Normalisation = Normalisation.AS_IT_IS,
    epochs: int | None = None,
) -> RunConfig:
    """Return the config of a fork that starts at the end of this epoch of the parent, counted from 0.

    It has the parent's number of epochs unless `epochs` is given. Raise ConfigError or ArchitectureError if the fork
    cannot be trained.
    """
    return replace(
        parent,
        activation=activation,
        learning_rate=learning_rate,
        network=str(with_normalisation(parent.architecture, normalisation)),
        epochs=epochs or parent.epochs,
        fork=Fork(parent, (epoch + 1) * parent.steps_per_epoch),
    )


def with_normalisation(architecture: Architecture, normalisation: Normalisation) -> Architecture:
    """Return the network with batch normalisation after every convolution, without any, or unchanged."""
    if normalisation is Normalisation.AS_IT_IS:
        return architecture
    layers: list[Layer] = []
    for layer in architecture.layers:
        if not isinstance(layer, BatchNorm):
            layers.append(layer)
        if isinstance(layer, Conv) and normalisation is Normalisation.INSERTED:
            layers.append(BatchNorm())
    return replace(architecture, layers=tuple(layers))


def normalisation_of(config: RunConfig) -> Normalisation:
    """Return the choice that makes this fork from its parent, together with the fork's own settings."""
    assert config.fork is not None
    parent, own = (one.architecture.with_activation("identity") for one in (config.fork.parent, config))
    return next(choice for choice in Normalisation if with_normalisation(parent, choice) == own)


def forks_of(parent: RunConfig, configs: Iterable[RunConfig]) -> list[RunConfig]:
    """Return those of the configs that are forks of this run."""
    return [config for config in configs if config.fork and config.fork.parent == parent]


def fork_changes(config: RunConfig) -> list[str]:
    """Return what a fork changes, one text each: "activation ReLU instead of sigmoid". A run without a fork has none.

    The number of epochs is not among them: more epochs do not change a batch that the parent trains too.
    """
    if config.fork is None:
        return []
    parent = config.fork.parent
    changes = {
        f"activation {config.spec.label} instead of {parent.spec.label}": config.spec != parent.spec,
        f"learning rate {config.learning_rate:g} instead of {parent.learning_rate:g}": (
            config.learning_rate != parent.learning_rate
        ),
        _normalisation_change(parent, config): _normalisations(parent) != _normalisations(config),
    }
    return [text for text, is_changed in changes.items() if is_changed]


def describe_fork(config: RunConfig) -> str:
    """Describe in a sentence where a fork starts and what it changes."""
    assert config.fork is not None
    changes = ", ".join(fork_changes(config)) or "nothing changed"
    parent = config.fork.parent
    return f"Fork of the {parent.label} run after epoch {config.fork.epoch} (batch {config.fork.step:,}): {changes}."


def compare_with_parent(parent: RunHistory, fork: RunHistory) -> str:
    """Compare the test accuracies after the last epoch that both have finished, and say which of them diverged.

    Return an empty string before the fork's first epoch ends, unless the fork has diverged.
    """
    diverged = " ".join(f"**{name}**." for history in (parent, fork) if (name := divergence(history)))
    return " ".join(filter(None, [_compare_accuracies(parent, fork), diverged]))


def _compare_accuracies(parent: RunHistory, fork: RunHistory) -> str:
    parent_accuracies = {result.epoch: result.test_accuracy for result in parent.epochs}
    accuracies = {result.epoch: result.test_accuracy for result in fork.epochs}
    shared = parent_accuracies.keys() & accuracies.keys()
    if not shared:
        return ""
    epoch = max(shared)
    lead = accuracies[epoch] - parent_accuracies[epoch]
    return (
        f"After epoch {epoch}, **{fork.label}** has {accuracies[epoch]:.2f} % test accuracy and its parent run "
        f"{parent_accuracies[epoch]:.2f} %: {abs(lead):.2f} points {'more' if lead >= 0 else 'less'}."
    )


def _normalisations(config: RunConfig) -> int:
    return sum(isinstance(layer, BatchNorm) for layer in config.architecture.layers)


def _normalisation_change(parent: RunConfig, config: RunConfig) -> str:
    before, after = _normalisations(parent), _normalisations(config)
    if not after:
        return "batch normalisation removed"
    return f"batch normalisation in {after} place{'s' * (after != 1)} instead of {before}"
