"""What a visitor may ask of this server, in one place: the sizes of a run, the queue, the disk. No torch.

`HW5_PUBLIC=1` sets the limits for a server that anybody can reach. The operator at a terminal (who has no token) and
the lecturer are guests of neither: theirs are the limits of one's own machine, and what they trained is kept.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from hw5core.network.counting import count
from hw5core.runs.config import MAX_MACS, MAX_PARAMETERS, RunConfig
from hw5core.store.owners import is_guest


@dataclass(frozen=True)
class Limits:
    """`images_seen` are training images times epochs. `step_values` are output values of all layers for one batch,
    which a training step holds in memory; `step_macs` its multiply-accumulates. `waiting` and `planned` count runs of
    everybody; those that are planned give way to those that wait, so a large sweep bars no one. `store_bytes` is the
    room that the store's runs may take before guests' oldest make way, None for any."""

    epochs: int
    parameters: int
    macs: int
    images_seen: int
    steps: int
    step_values: int
    step_macs: int
    waiting_per_owner: int
    waiting: int
    planned_per_owner: int
    planned: int
    store_bytes: int | None


OWN = Limits(
    epochs=200,
    parameters=MAX_PARAMETERS,
    macs=MAX_MACS,
    images_seen=200 * 42_000,
    steps=200 * 42_000,
    # Values and their gradients take 8 bytes each: 800 MB.
    step_values=100_000_000,
    # About a second on one core; a step cannot be stopped half way.
    step_macs=10_000_000_000,
    # A race of all nine activations fits, a second one behind it does not.
    waiting_per_owner=9,
    waiting=500,
    planned_per_owner=200,
    planned=2_000,
    store_bytes=None,
)
"""One's own machine: what one training step takes is bounded, so that the app goes on answering, and little else."""

PUBLIC = Limits(
    epochs=30,
    parameters=500_000,
    macs=10_000_000,
    # The homework's race on MNIST, five epochs of 42,000, with some room.
    images_seen=300_000,
    steps=60_000,
    step_values=20_000_000,
    step_macs=2_000_000_000,
    waiting_per_owner=4,
    waiting=40,
    planned_per_owner=20,
    planned=100,
    store_bytes=500 * 1024**2,
)
"""A server that anybody can reach: the homework's race fits, and no run takes more than minutes."""


def is_public() -> bool:
    """Whether this server is set up for anybody to reach."""
    return os.environ.get("HW5_PUBLIC", "") not in ("", "0")


def limits_for(owner: str | None) -> Limits:
    """What holds for whoever asks."""
    return PUBLIC if is_public() and is_guest(owner) else OWN


def refusal(config: RunConfig, owner: str | None) -> str:
    """A sentence that says which limit the run is beyond and what works; nothing if it may be trained."""
    limits = limits_for(owner)
    return next((words for check in _CHECKS if (words := check(config, limits))), "")


def _too_many_epochs(config: RunConfig, limits: Limits) -> str:
    if config.epochs <= limits.epochs:
        return ""
    return f"{config.epochs} epochs are more than the {limits.epochs} that a run may have here: choose fewer"


def _too_large(config: RunConfig, limits: Limits) -> str:
    counted = count(config.architecture)
    if counted.parameters <= limits.parameters and counted.macs <= limits.macs:
        return ""
    return (
        f"this network has {counted.parameters:,} parameters and {counted.macs:,} MACs an image; at most "
        f"{limits.parameters:,} and {limits.macs:,} are trained here: choose fewer channels or features"
    )


def _too_many_images(config: RunConfig, limits: Limits) -> str:
    seen = config.epochs * config.images_per_epoch
    if seen <= limits.images_seen:
        return ""
    fitting = limits.images_seen // config.images_per_epoch
    way_out = f"{_epochs(fitting)} would work, or fewer training images" if fitting else "choose fewer training images"
    return (
        f"{_epochs(config.epochs)} of {config.images_per_epoch:,} images are {seen:,} images to train on, at most "
        f"{limits.images_seen:,} may be here: {way_out}"
    )


def _too_many_steps(config: RunConfig, limits: Limits) -> str:
    if config.total_steps <= limits.steps:
        return ""
    return (
        f"this run has {config.total_steps:,} batches, at most {limits.steps:,} may be here: choose a larger batch "
        "size, or fewer epochs or training images"
    )


def _too_large_a_step(config: RunConfig, limits: Limits) -> str:
    counted = count(config.architecture)
    batch = min(config.batch_size, config.images_per_epoch)
    fitting = min(limits.step_values // max(1, counted.activations), limits.step_macs // max(1, counted.macs))
    if batch <= fitting:
        return ""
    way_out = f"a batch size of {fitting:,} would work" if fitting else "choose a smaller network"
    return (
        f"one batch of {batch:,} images takes {batch * counted.activations:,} values and {batch * counted.macs:,} MACs "
        f"in this network, at most {limits.step_values:,} and {limits.step_macs:,} fit here: {way_out}"
    )


_CHECKS: tuple[Callable[[RunConfig, Limits], str], ...] = (
    _too_many_epochs,
    _too_large,
    _too_many_images,
    _too_many_steps,
    _too_large_a_step,
)


def _epochs(number: int) -> str:
    return f"{number} epoch{'s' * (number != 1)}"
