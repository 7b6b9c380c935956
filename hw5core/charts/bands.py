"""The runs of a sweep, told by the mean and the range over their seeds, and by how many seeds that are. No torch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hw5core.charts.race import MAX_POINTS
from hw5core.homework.findings import batches_on_plateau
from hw5core.runs.history import RunHistory
from hw5core.runs.sweeps import Arm, Sweep

_MOST_POINTS = 4_000
"""Points of all arms together in the chart of the training loss: what a browser draws twice a second."""

_NAMED = ("activation", "rate", "n", "of")
_EPOCH_COLUMNS = (
    *_NAMED, "epoch", *(f"{what}{end}" for what in ("test_accuracy", "validation_loss")
                        for end in ("", "_lowest", "_highest")),
)  # fmt: skip
_LOSS_COLUMNS = (*_NAMED, "batch", "loss", "loss_lowest", "loss_highest")


def epoch_bands(sweep: Sweep, runs: Mapping[str, RunHistory]) -> pd.DataFrame:
    """Columns activation, rate, epoch, n, of, and for test_accuracy and validation_loss the mean over the n seeds that
    have come so far, with its _lowest and _highest: one row per arm and epoch that any seed has finished."""
    return _table([row for arm in sweep.arms for row in _epoch_rows(sweep, arm, sweep.of(arm, runs))], _EPOCH_COLUMNS)


def _table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def _named(sweep: Sweep, arm: Arm, n: int) -> dict[str, Any]:
    label = sweep.configs[arm, sweep.seeds[0]].label
    return {"activation": label, "rate": arm.learning_rate, "n": n, "of": len(sweep.seeds)}


def _epoch_rows(sweep: Sweep, arm: Arm, runs: list[RunHistory]) -> Iterable[dict[str, Any]]:
    for epoch in range(max((len(run.epochs) for run in runs), default=0)):
        there = [run.epochs[epoch] for run in runs if len(run.epochs) > epoch]
        accuracies = [result.test_accuracy for result in there]
        losses = [result.validation_loss for result in there]
        yield {
            **_named(sweep, arm, len(there)),
            "epoch": epoch,
            **_band("test_accuracy", accuracies),
            **_band("validation_loss", losses),
        }


def _band(what: str, values: Sequence[float]) -> dict[str, Any]:
    """Their mean, lowest and highest; NaN, which draws nothing, as soon as one of them is no longer a finite number."""
    if not all(map(math.isfinite, values)):
        return dict.fromkeys((what, f"{what}_lowest", f"{what}_highest"), math.nan)
    # The mean of equal values may come out a rounding error beside them, but never outside of its range.
    mean = min(max(math.fsum(values) / len(values), min(values)), max(values))
    return {what: mean, f"{what}_lowest": min(values), f"{what}_highest": max(values)}


def loss_bands(sweep: Sweep, runs: Mapping[str, RunHistory]) -> pd.DataFrame:
    """Columns activation, rate, batch, n, of, loss, loss_lowest, loss_highest: per arm and bin of batches the mean over
    the seeds of their mean losses in it, and the lowest and the highest of these. A seed counts from when it has the
    whole bin, and `batch` is the bin's middle."""
    tables = [_loss_rows(sweep, arm, sweep.of(arm, runs), bin_width(sweep)) for arm in sweep.arms]
    return pd.concat(tables, ignore_index=True)[list(_LOSS_COLUMNS)]


def bin_width(sweep: Sweep) -> int:
    """How many batches make a bin."""
    return -(-sweep.base.total_steps // min(MAX_POINTS, max(1, _MOST_POINTS // len(sweep.arms))))


def _loss_rows(sweep: Sweep, arm: Arm, runs: list[RunHistory], width: int) -> pd.DataFrame:
    means = [_bin_means(run, width) for run in runs]
    bins = np.full((len(means), max(map(len, means), default=0)), np.nan)
    there = np.zeros(bins.shape, bool)
    for row, values in enumerate(means):
        bins[row, : len(values)], there[row, : len(values)] = values, True
    starts, n = width * np.arange(bins.shape[1]), there.sum(axis=0)
    lowest = np.where(there, bins, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(there, bins, -np.inf).max(axis=0, initial=-np.inf)
    # As in `_band`: within its range, and nothing where a seed has diverged.
    mean = np.clip(np.where(there, bins, 0.0).sum(axis=0) / n, lowest, highest)
    drawn = np.where(np.isfinite([mean, lowest, highest]).all(axis=0), [mean, lowest, highest], np.nan)
    middles = (starts + np.minimum(starts + width, sweep.base.total_steps) - 1) / 2
    told = dict(zip(_LOSS_COLUMNS[-3:], drawn, strict=True))
    return pd.DataFrame({**_named(sweep, arm, 0), "n": n, "batch": middles, **told})


def _bin_means(run: RunHistory, width: int) -> NDArray[np.float64]:
    """The mean loss of each bin that is full, the last one too once the run has all its batches."""
    losses = run.losses
    if len(losses) < run.config.total_steps:
        losses = losses[: len(losses) // width * width]
    if not len(losses):
        return losses
    starts = np.arange(0, len(losses), width)
    return np.add.reduceat(losses, starts) / np.diff(starts, append=len(losses))


def arm_ends(sweep: Sweep, runs: Mapping[str, RunHistory]) -> pd.DataFrame:
    """One row per arm: activation, rate, n seeds `of` so many at `epoch`, the newest that any of them has finished;
    mean, lowest and highest test accuracy and the mean validation loss there; over all seeds that have begun, the mean
    number of batches spent on ln 10; over the finished ones, the mean seconds of training; NaN for what is not there
    yet. `diverged` counts the runs whose losses are no longer finite numbers."""
    bands = epoch_bands(sweep, runs)
    newest = bands.groupby(["activation", "rate"], sort=False).tail(1)
    rows = [{**_named(sweep, arm, 0), **_spent(sweep.of(arm, runs))} for arm in sweep.arms]
    both = pd.DataFrame(rows).drop(columns="n").merge(newest, on=["activation", "rate", "of"], how="left")
    return both.fillna({"n": 0}).astype({"n": int})


def _spent(runs: list[RunHistory]) -> dict[str, Any]:
    plateaus = [batches_on_plateau(run.losses) for run in runs if len(run.losses)]
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return {
        "plateau": float(np.mean(plateaus)) if plateaus else np.nan,
        "seconds": float(np.mean(seconds)) if seconds else np.nan,
        "diverged": sum(len(run.losses) > 0 and not math.isfinite(run.losses[-1]) for run in runs),
    }
