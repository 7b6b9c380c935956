"""Runs in a table: the results of each, the settings in which they differ, and the table as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hw5core.runs.catalogue import Listed, format_value
from hw5core.runs.config import SETTINGS, RunConfig, setting_fields
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learning_of
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run
from hw5core.runs.spreadsheet import safe

_IN_LABEL = ("activation", "dataset")
"""The settings that have a column of their own."""


@dataclass(frozen=True)
class Summary:
    """A run with its results.

    `epochs` holds those of its finished epochs. `plateau` is the number of batches before its network became better
    than guessing, or None, and `diverged_at` the batch at which it diverged, or None. `seconds` is the time of the
    whole training once it is finished. `commonest_share` is the percentage of the most common class in the test images,
    or None before the start.
    """

    run: Run
    epochs: tuple[EpochResult, ...] = ()
    plateau: int | None = None
    diverged_at: int | None = None
    seconds: float | None = None
    commonest_share: float | None = None

    @property
    def config(self) -> RunConfig:
        return self.run.config

    @property
    def status(self) -> str:
        """The status in words, with what a reader of the table has to know."""
        if self.diverged_at is not None:
            return f"{self.run.status}, diverged at batch {self.diverged_at:,}"
        return f"{self.run.status}: {self.run.message}" if self.run.message else str(self.run.status)


def summary_of(history: RunHistory) -> Summary:
    """Return the summary of a run."""
    learning = learning_of(history)
    return Summary(
        history.run,
        tuple(history.epochs),
        None if history.first_step or not len(history.losses) else learning.plateau,
        learning.diverged_at,
        history.seconds,
        history.started.commonest_share if history.started else None,
    )


def differing_settings(configs: Sequence[RunConfig]) -> list[str]:
    """Return the names of the settings that are not the same in all configs, without activation and dataset."""
    return [
        declared.name
        for declared in setting_fields()
        if declared.name not in _IN_LABEL and len({setting_text(config, declared.name) for config in configs}) > 1
    ]


def setting_text(config: RunConfig, name: str) -> str:
    """Return the value of a setting for people. The network is written with ReLU for its activation."""
    if name == "network":
        return str(config.architecture.with_activation("relu"))
    if name == "relu_layer" and not config.relu_layer:
        return "none"
    return f"{config.images_per_epoch:,}" if name == "training_images" else format_value(getattr(config, name))


def unique_labels(summaries: Sequence[Summary]) -> dict[str, str]:
    """Return a different label per run id: the run's label, its name, and the settings in which the runs differ.

    The network is long, so it is only in labels that would be equal without it.
    """
    different = differing_settings([one.config for one in summaries])
    short = _labels(summaries, [name for name in different if name != "network"])
    labels = short if len(set(short)) == len(short) else _labels(summaries, different)
    by_run: dict[str, str] = {}
    for one, label in zip(summaries, labels, strict=True):
        by_run[one.run.run_id] = f"{label} ({one.run.run_id[:4]})" if label in by_run.values() else label
    return by_run


def _labels(summaries: Sequence[Summary], names: Sequence[str]) -> list[str]:
    """Return each run's name, label and values of these settings, and its dataset if there are several."""
    datasets = len({one.config.dataset for one in summaries}) > 1
    labels = []
    for one in summaries:
        details = [f"{SETTINGS[name].label} {setting_text(one.config, name)}" for name in names]
        parts = [one.run.name, one.config.label, one.config.dataset * datasets, *details]
        labels.append(", ".join(part for part in parts if part))
    return labels


def csv_text(summaries: Sequence[Summary]) -> str:
    """Return a row per run with its name, all settings and all results, and a column per epoch, as CSV."""
    settings = [declared.name for declared in setting_fields()]
    epochs = max((one.epochs[-1].epoch + 1 for one in summaries if one.epochs), default=0)
    head = ["run", "name", *settings, "forked from", "fork step", "status", "started (UTC)", "plateau (batches)",
            "seconds", *(f"test accuracy of epoch {epoch} (%)" for epoch in range(epochs))]  # fmt: skip
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(head)
    for one in summaries:
        accuracies = {result.epoch: result.test_accuracy for result in one.epochs}
        fork = one.config.fork
        row: list[Any] = [
            one.run.run_id,
            safe(one.run.name),
            *(getattr(one.config, name) for name in settings),
            fork.parent.run_id if fork else "",
            fork.step if fork else "",
            one.status,
            f"{datetime.fromtimestamp(one.run.created, UTC):%Y-%m-%d %H:%M:%S}",
            one.plateau,
            one.seconds,
            *(accuracies.get(epoch, "") for epoch in range(epochs)),
        ]
        table.writerow(row)
    return text.getvalue()


def listed(summary: Summary) -> Listed:
    """Return the run with the result of its last epoch."""
    return Listed(summary.run, summary.epochs[-1] if summary.epochs else None)
