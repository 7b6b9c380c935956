"""The limits of this server: the size of a run, the length of the queue, and the size of the store. No torch.

`HW5_PUBLIC=1` sets the limits of a server that anybody can reach. They are for guests. The operator at a terminal and
the lecturer have the limits of a private machine, and their runs are never deleted to free space.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from hw5core.network.counting import count
from hw5core.runs.config import MAX_MACS, MAX_PARAMETERS, RunConfig
from hw5core.store.owners import is_guest


@dataclass(frozen=True)
class Limits:
    """Upper limits for one run, for the queue and for the store.

    `images_seen` is the number of training images times the epochs. `step_values` is the number of output values of all
    layers for one batch, which a step keeps in memory, and `step_macs` its multiply-accumulates. `waiting` and
    `planned` count the runs of all users. The limits per address count those of all guests at one network address: a
    lecture hall has one, but so has a visitor who pretends to be many. `paused` counts the runs that guests have
    paused, and those that are stepped at one time. When the store's rows exceed `store_bytes`, runs of guests are
    deleted, first those of guests who need more than their share; None means no limit. A run that was deleted and
    started again is not deleted again for `deletion_seconds`: a guest who deletes it again and again would keep it from
    others.
    """

    epochs: int
    parameters: int
    macs: int
    images_seen: int
    steps: int
    step_values: int
    step_macs: int
    waiting_per_owner: int
    waiting_per_address: int
    waiting: int
    planned_per_owner: int
    planned_per_address: int
    planned: int
    paused_per_owner: int
    paused_per_address: int
    paused: int
    deletion_seconds: float
    store_bytes: int | None
    store_bytes_per_owner: int
    store_bytes_per_address: int


OWN = Limits(
    epochs=200,
    parameters=MAX_PARAMETERS,
    macs=MAX_MACS,
    images_seen=200 * 42_000,
    steps=200 * 42_000,
    # Values and their gradients take 8 bytes each: 800 MB.
    step_values=100_000_000,
    # About a second on one core. A step cannot be interrupted.
    step_macs=10_000_000_000,
    # One race of all nine activations may wait, but not two.
    waiting_per_owner=9,
    waiting_per_address=500,
    waiting=500,
    planned_per_owner=200,
    planned_per_address=2_000,
    planned=2_000,
    paused_per_owner=200,
    paused_per_address=2_000,
    paused=2_000,
    deletion_seconds=0,
    store_bytes=None,
    store_bytes_per_owner=0,
    store_bytes_per_address=0,
)
"""The limits of a private machine. A step is small enough for the app to stay responsive; little else is limited."""

PUBLIC = Limits(
    epochs=30,
    parameters=500_000,
    macs=10_000_000,
    # The homework's race on MNIST, five epochs of 42,000 images, and some more.
    images_seen=300_000,
    steps=60_000,
    step_values=20_000_000,
    step_macs=2_000_000_000,
    waiting_per_owner=4,
    # Twenty races of a class. Others still find space if two addresses are at their limit.
    waiting_per_address=40,
    waiting=100,
    planned_per_owner=20,
    planned_per_address=100,
    planned=250,
    # A race of all nine activations.
    paused_per_owner=9,
    paused_per_address=100,
    paused=200,
    deletion_seconds=3600,
    store_bytes=500 * 1024**2,
    store_bytes_per_owner=100 * 1024**2,
    store_bytes_per_address=300 * 1024**2,
)
"""The limits of a server that anybody can reach: the homework's race fits, and a run takes minutes at most."""


def is_public() -> bool:
    """Return True if HW5_PUBLIC says that anybody can reach this server."""
    return os.environ.get("HW5_PUBLIC", "") not in ("", "0")


def limits_for(owner: str | None) -> Limits:
    """Return the limits for this owner."""
    return guest_limits() if is_guest(owner) else OWN


def guest_limits() -> Limits:
    """Return the limits for guests: those of a private machine unless the server is public."""
    return PUBLIC if is_public() else OWN


def refusal(config: RunConfig, owner: str | None) -> str:
    """Return why the run is too large for this owner, and what would work, or an empty string."""
    limits = limits_for(owner)
    return next((reason for check in _CHECKS if (reason := check(config, limits))), "")


def _too_many_epochs(config: RunConfig, limits: Limits) -> str:
    if config.epochs <= limits.epochs:
        return ""
    return f"{config.epochs} epochs are more than the limit of {limits.epochs}: choose fewer"


def _too_large(config: RunConfig, limits: Limits) -> str:
    counted = count(config.architecture)
    if counted.parameters <= limits.parameters and counted.macs <= limits.macs:
        return ""
    return (
        f"this network has {counted.parameters:,} parameters and {counted.macs:,} MACs per image, and the limits are "
        f"{limits.parameters:,} and {limits.macs:,}: choose fewer channels or features"
    )


def _too_many_images(config: RunConfig, limits: Limits) -> str:
    seen = config.epochs * config.images_per_epoch
    if seen <= limits.images_seen:
        return ""
    fitting = limits.images_seen // config.images_per_epoch
    advice = f"{_epochs(fitting)} would work, or fewer training images" if fitting else "choose fewer training images"
    return (
        f"{_epochs(config.epochs)} of {config.images_per_epoch:,} images are {seen:,} training images in all, and the "
        f"limit is {limits.images_seen:,}: {advice}"
    )


def _too_many_steps(config: RunConfig, limits: Limits) -> str:
    if config.total_steps <= limits.steps:
        return ""
    return (
        f"this run has {config.total_steps:,} batches, and the limit is {limits.steps:,}: choose a larger batch size, "
        "or fewer epochs or training images"
    )


def _too_large_a_step(config: RunConfig, limits: Limits) -> str:
    counted = count(config.architecture)
    batch = min(config.batch_size, config.images_per_epoch)
    fitting = min(limits.step_values // max(1, counted.activations), limits.step_macs // max(1, counted.macs))
    if batch <= fitting:
        return ""
    advice = f"a batch size of {fitting:,} would work" if fitting else "choose a smaller network"
    return (
        f"a batch of {batch:,} images needs {batch * counted.activations:,} values and {batch * counted.macs:,} MACs "
        f"in this network, and the limits are {limits.step_values:,} and {limits.step_macs:,}: {advice}"
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
