"""Question 2 of the report: the results of a race, with charts and their data, times and conclusions."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from hw5core.charts.race import (
    LossView,
    test_accuracy_chart,
    training_loss_chart,
    training_loss_table,
    validation_loss_chart,
)
from hw5core.charts.race import epoch_table as epoch_rows
from hw5core.charts.series import series_of
from hw5core.charts.words import losses_in_words, test_accuracies_in_words, validation_losses_in_words
from hw5core.data.datasets import DATASETS, split_sizes
from hw5core.homework.claims import Finding, check_claims
from hw5core.homework.report.document import Block, Chart, Code, Heading, Items, Missing, Paragraph, Table
from hw5core.network.counting import count
from hw5core.runs.config import SETTINGS, setting_fields
from hw5core.runs.history import RunHistory, accuracy_lines
from hw5core.runs.learning import learning_caption
from hw5core.runs.recorded import is_recorded, note
from hw5core.runs.run import Status
from hw5core.runs.summary import setting_text
from hw5core.strict_json import with_nulls

NONE = "–"
"""A cell without a value."""

LOSS_ROWS = 20
"""How many rows the table of the training loss has. The chart has more points."""


def question2(histories: Sequence[RunHistory]) -> Iterator[Block]:
    """Yield the blocks for the runs of a race, finished or not. There may be none."""
    yield Heading("Question 2: one network, trained with each activation")
    if not histories:
        yield Missing("Question 2 has no results: nobody has started a run of this race here.")
        return
    yield from _set_up(histories)
    yield from _missing(histories)
    yield Heading("Test accuracy after every epoch", 2)
    lines = [line for history in histories for line in accuracy_lines(history)]
    if lines:
        yield Code("In percent, as the homework prints them", "\n".join(lines))
        yield _accuracy_chart(histories)
    yield Heading("Training and validation loss", 2)
    yield _training_loss(histories)
    yield _validation_loss(histories)
    if captions := tuple(filter(None, map(learning_caption, histories))):
        yield Items(captions)
    yield Heading("Running times", 2)
    yield _times(histories)
    yield Heading("Conclusions", 2)
    yield from _conclusions(histories)


def _set_up(histories: Sequence[RunHistory]) -> Iterator[Block]:
    config = histories[0].config
    training, validation, test = split_sizes(config.dataset)
    yield Paragraph(
        f"Images: {DATASETS[config.dataset].title}. {config.images_per_epoch:,} of {training:,} training images are "
        f"used, {validation:,} validation images and {test:,} test images. The network, in one line, with "
        f"{count(config.architecture).parameters:,} trainable parameters: {_value(histories, 'network')}"
    )
    names = [declared.name for declared in setting_fields() if declared.name != "network"]
    rows = tuple((SETTINGS[name].label, _value(histories, name)) for name in names)
    yield Table("Settings of the runs", ("setting", "value"), rows, "ll")
    for history in histories:
        if is_recorded(history):
            yield Paragraph(f"{history.label} was recorded {note(history)}.")


def _value(histories: Sequence[RunHistory], setting: str) -> str:
    """Return the setting of all runs, or that of each one if they differ."""
    values = [setting_text(history.config, setting) for history in histories]
    if len(set(values)) == 1:
        return values[0]
    return ", ".join(f"{history.label}: {value}" for history, value in zip(histories, values, strict=True))


def _missing(histories: Sequence[RunHistory]) -> Iterator[Block]:
    """Yield what is missing of the race: another network, or the end of a run."""
    trained = {history.config.activation for history in histories}
    for name, label in (("relu", "ReLU"), ("sigmoid", "sigmoid")):
        if name not in trained:
            yield Missing(f"The network with {label} is missing: this race has no run of it on this server.")
    for history in histories:
        if history.status is Status.FINISHED:
            continue
        why = f": {history.message}" if history.message else ""
        yield Missing(
            f"{history.label} is not finished ({history.status}{why}). It has trained {history.done:,} of "
            f"{history.config.total_steps:,} batches and finished {len(history.epochs)} of {history.config.epochs} "
            "epochs, so its later results are missing."
        )


def _accuracy_chart(histories: Sequence[RunHistory]) -> Chart:
    series = series_of(history.config for history in histories)
    started = [history.started for history in histories if history.started]
    chart = test_accuracy_chart(series, _epochs(histories), started[0].commonest_share if started else None)
    values = {history.label: {one.epoch: f"{one.test_accuracy:.2f}" for one in history.epochs} for history in histories}
    return _chart(
        "Test accuracy after every epoch",
        test_accuracies_in_words(histories),
        chart,
        epoch_rows(histories),
        _by_epoch("Test accuracy, %", values, _epochs(histories)),
    )


def _validation_loss(histories: Sequence[RunHistory]) -> Block:
    if not any(history.epochs for history in histories):
        return Missing("The validation loss is missing: no epoch is finished.")
    series = series_of(history.config for history in histories)
    values = {history.label: {one.epoch: _loss(one.validation_loss) for one in history.epochs} for history in histories}
    return _chart(
        "Validation loss after every epoch",
        validation_losses_in_words(histories),
        validation_loss_chart(series, _epochs(histories)),
        epoch_rows(histories),
        _by_epoch("Validation loss, nats", values, _epochs(histories)),
    )


def _training_loss(histories: Sequence[RunHistory]) -> Block:
    if not any(len(history.losses) for history in histories):
        return Missing("The training loss is missing: no batch is trained.")
    view = LossView()
    return _chart(
        "Training loss of every batch",
        losses_in_words(histories),
        training_loss_chart(tuple(history.config for history in histories), view),
        training_loss_table(histories, view),
        _loss_table(histories),
    )


def _loss_table(histories: Sequence[RunHistory]) -> Table:
    """Return the mean, lowest and highest loss of each network in equal parts of the training."""
    labels = [history.label for history in histories]
    end = max(history.done for history in histories)
    width = -(-end // LOSS_ROWS)
    rows = [
        (f"{first:,} to {min(first + width, end) - 1:,}", *(_range(history, first, width) for history in histories))
        for first in range(min(history.first_step for history in histories), end, width)
    ]
    head = ("batches", *(f"{label}: mean (lowest to highest)" for label in labels))
    return Table("Training loss, nats", head, tuple(rows), "l" + "r" * len(labels))


def _range(history: RunHistory, first: int, width: int) -> str:
    start = first - history.first_step
    losses = history.losses[max(0, start) : max(0, start + width)].tolist()
    if not losses:
        return NONE
    return f"{_loss(fmean(losses))} ({_loss(min(losses))} to {_loss(max(losses))})"


def _loss(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "not finite"


def _by_epoch(title: str, values: dict[str, dict[int, str]], epochs: int) -> Table:
    rows = [(str(epoch), *(of_run.get(epoch, NONE) for of_run in values.values())) for epoch in range(epochs)]
    return Table(title, ("epoch", *values), tuple(rows), "l" + "r" * len(values))


def _epochs(histories: Sequence[RunHistory]) -> int:
    return max(history.config.epochs for history in histories)


def _chart(title: str, words: str, specification: dict[str, Any], rows: pd.DataFrame, table: Table) -> Chart:
    """Return the chart with its rows inside the specification. Numbers that are not finite become null."""
    values = with_nulls(rows.to_dict(orient="records"))
    return Chart(title, words, {**specification, "data": {"name": "rows", "values": values}}, table)


def _times(histories: Sequence[RunHistory]) -> Table:
    head = ("network", "epoch, mean ± standard deviation", "evaluation, mean", "whole run", "batches per second")
    return Table("Time of each part", head, tuple(map(_times_of, histories)), "lrrrr")


def _times_of(history: RunHistory) -> tuple[str, ...]:
    seconds = [one.seconds for one in history.epochs]
    evaluations = [one.evaluation_seconds for one in history.epochs]
    deviation = f" ± {stdev(seconds):.2f}" if len(seconds) > 1 else ""
    trained = len(seconds) * history.config.steps_per_epoch
    return (
        history.label,
        f"{fmean(seconds):.2f}{deviation} s" if seconds else NONE,
        f"{fmean(evaluations):.2f} s" if evaluations else NONE,
        NONE if history.seconds is None else f"{history.seconds:.1f} s",
        f"{trained / sum(seconds):,.0f}" if sum(seconds) else NONE,
    )


def _conclusions(histories: Sequence[RunHistory]) -> Iterator[Block]:
    runs = {history.config.activation: history for history in histories}
    if not {"relu", "sigmoid"} <= set(runs):
        yield Missing("The conclusions are missing: they compare a run with ReLU and a run with sigmoid.")
        return
    yield Paragraph("The claims of the homework sheet, each tested with the numbers of this race:")
    yield Items(tuple(map(_in_words, check_claims(runs["relu"], runs["sigmoid"]))))


def _in_words(finding: Finding) -> str:
    return f"{finding.claim} {str(finding.verdict).capitalize()}: {finding.reason}."
