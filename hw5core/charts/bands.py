"""The tables of runs with several seeds: mean and range over the seeds of each group, such as an arm of a sweep."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hw5core.charts.race import MAX_POINTS
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learning_of
from hw5core.runs.sweeps import Sweep

MAX_TOTAL_POINTS = 4_000
"""The number of points of all groups together in a chart of the training loss. A browser draws them twice a second."""

_NAMED = ("series", "rate", "n", "of")
_EPOCH_COLUMNS = (
    *_NAMED, "epoch", *(f"{what}{end}" for what in ("test_accuracy", "validation_loss")
                        for end in ("", "_lowest", "_highest")),
)  # fmt: skip
_LOSS_COLUMNS = (*_NAMED, "batch", "loss", "loss_lowest", "loss_highest")


@dataclass(frozen=True)
class SeedGroup:
    """Runs that differ only in their seed, which are one line with a band.

    `histories` are those of the runs that have one, and `of` is the number of seeds. `rate` is their learning rate.
    """

    label: str
    rate: float
    of: int
    histories: tuple[RunHistory, ...]

    def named(self, n: int) -> dict[str, Any]:
        """Return the columns that each row of the group has. `n` is the number of seeds of the row."""
        return {"series": self.label, "rate": self.rate, "n": n, "of": self.of}


def arm_groups(sweep: Sweep, histories: Mapping[str, RunHistory]) -> list[SeedGroup]:
    """Return a group per arm of the sweep."""
    return [
        SeedGroup(
            sweep.configs[arm, sweep.seeds[0]].label,
            arm.learning_rate,
            len(sweep.seeds),
            tuple(sweep.of(arm, histories)),
        )
        for arm in sweep.arms
    ]


def epoch_bands(groups: Iterable[SeedGroup]) -> pd.DataFrame:
    """Return a row per group and epoch that any seed has finished.

    The columns are activation, rate, epoch, n (finished seeds), of (all seeds), and for test_accuracy and
    validation_loss the mean over the n seeds, with _lowest and _highest.
    """
    rows = [row for group in groups for row in _epoch_rows(group)]
    return pd.DataFrame(rows, columns=list(_EPOCH_COLUMNS))


def _epoch_rows(group: SeedGroup) -> Iterable[dict[str, Any]]:
    for epoch in range(max((len(history.epochs) for history in group.histories), default=0)):
        results = [history.epochs[epoch] for history in group.histories if len(history.epochs) > epoch]
        accuracies = [result.test_accuracy for result in results]
        losses = [result.validation_loss for result in results]
        yield {
            **group.named(len(results)),
            "epoch": epoch,
            **_band("test_accuracy", accuracies),
            **_band("validation_loss", losses),
        }


def _band(what: str, values: Sequence[float]) -> dict[str, Any]:
    """Return mean, lowest and highest. If a value is not finite, all three are NaN, and nothing is drawn."""
    if not all(map(math.isfinite, values)):
        return dict.fromkeys((what, f"{what}_lowest", f"{what}_highest"), math.nan)
    # Rounding must not move the mean of equal values out of their range.
    mean = min(max(math.fsum(values) / len(values), min(values)), max(values))
    return {what: mean, f"{what}_lowest": min(values), f"{what}_highest": max(values)}


def loss_bands(groups: Sequence[SeedGroup], total_steps: int) -> pd.DataFrame:
    """Return a row per group and bin of batches. All runs have `total_steps` batches.

    The columns are activation, rate, batch (the middle of the bin), n (seeds that have the complete bin), of (all
    seeds), and loss, loss_lowest and loss_highest: the mean and the range of the seeds' mean losses in the bin.
    """
    width = bin_width(total_steps, len(groups))
    tables = [_loss_rows(group, width, total_steps) for group in groups]
    return pd.concat(tables, ignore_index=True)[list(_LOSS_COLUMNS)]


def bin_width(total_steps: int, groups: int) -> int:
    """Return the number of batches in a bin, for so many groups."""
    return -(-total_steps // min(MAX_POINTS, max(1, MAX_TOTAL_POINTS // groups)))


def _loss_rows(group: SeedGroup, width: int, total_steps: int) -> pd.DataFrame:
    means = [_bin_means(history, width) for history in group.histories]
    bins = np.full((len(means), max(map(len, means), default=0)), np.nan)
    is_there = np.zeros(bins.shape, bool)
    for row, values in enumerate(means):
        bins[row, : len(values)], is_there[row, : len(values)] = values, True
    starts, n = width * np.arange(bins.shape[1]), is_there.sum(axis=0)
    lowest = np.where(is_there, bins, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(is_there, bins, -np.inf).max(axis=0, initial=-np.inf)
    # As in _band: the mean stays in its range, and nothing is drawn if a seed has diverged.
    mean = np.clip(np.where(is_there, bins, 0.0).sum(axis=0) / n, lowest, highest)
    drawn = np.where(np.isfinite([mean, lowest, highest]).all(axis=0), [mean, lowest, highest], np.nan)
    middles = (starts + np.minimum(starts + width, total_steps) - 1) / 2
    losses = dict(zip(_LOSS_COLUMNS[-3:], drawn, strict=True))
    return pd.DataFrame({**group.named(0), "n": n, "batch": middles, **losses})


def _bin_means(history: RunHistory, width: int) -> NDArray[np.float64]:
    """Return the mean loss of each complete bin. The last bin is complete when the run has all its batches."""
    losses = history.losses
    if len(losses) < history.config.total_steps:
        losses = losses[: len(losses) // width * width]
    if not len(losses):
        return losses
    starts = np.arange(0, len(losses), width)
    return np.add.reduceat(losses, starts) / np.diff(starts, append=len(losses))


def group_ends(groups: Sequence[SeedGroup], epochs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per group with its newest results; missing ones are NaN. `epochs` are the groups' `epoch_bands`.

    The columns are those of `epoch_bands` at the newest epoch that any seed has finished, and plateau (mean number of
    batches before the network is better than guessing, over the started seeds that did not diverge before), seconds
    (mean training time, over the finished seeds), diverged (the number of seeds that diverged) and diverged_at (the
    first batch at which one did).
    """
    newest = epochs.groupby(["series", "rate"], sort=False).tail(1)
    rows = [{**group.named(0), **_averages(group.histories)} for group in groups]
    ends = pd.DataFrame(rows).drop(columns="n").merge(newest, on=["series", "rate", "of"], how="left")
    return ends.fillna({"n": 0}).astype({"n": int})


def _averages(histories: Sequence[RunHistory]) -> dict[str, Any]:
    stages = [learning_of(history) for history in histories if len(history.losses)]
    plateaus = [one.plateau for one in stages if one.plateau is not None]
    diverged = [one.diverged_at for one in stages if one.diverged_at is not None]
    seconds = [history.seconds for history in histories if history.seconds is not None]
    return {
        "plateau": float(np.mean(plateaus)) if plateaus else np.nan,
        "seconds": float(np.mean(seconds)) if seconds else np.nan,
        "diverged": len(diverged),
        "diverged_at": min(diverged, default=math.nan),
    }
