"""Receipts: one JSON file with a run's config, hashes, environment and metrics, and how two sets of metrics compare.

Anyone with the file can train the same batches again (`python -m hw5core verify`) and see where the numbers differ.
GUARANTEE says where they must not.
"""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from hw5core.errors import ArchitectureError, ConfigError, ReceiptError
from hw5core.runs.config import TRAINING_VERSION, RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import BatchLosses, EpochResult, Record, RunStarted
from hw5core.strict_json import with_nulls

FORMAT = 1

GUARANTEE = (
    "On the same processor model, with the same PyTorch build and number of threads, a repetition gives the same "
    "numbers bit for bit. Elsewhere they are the same up to rounding, and the difference grows with training."
)
"""What a repetition of a run guarantees, in words."""

LOSS_TOLERANCE = 1e-3
"""How far a loss may differ, in nats, between processors or builds of PyTorch.

Rounding differs by about a ten-millionth in the first batches, and the difference grows with every step. In the
homework's race, ReLU passes this tolerance after about 900 batches.
"""

ACCURACY_TOLERANCE = 0.5
"""How far an accuracy may differ, in percentage points, for the same reason: a few images near the boundary."""


_WEIGHTS = "first weights"


@dataclass(frozen=True)
class Metric:
    """One number of a run: its name, its value, and how far another run's value may differ."""

    name: str
    value: float
    tolerance: float


@dataclass(frozen=True)
class Comparison:
    """The comparison of a receipt's metrics with metrics computed again, in the order of training.

    `compared` is their number. `first_different` is the first pair (receipt's, ours) that is not bit-identical, and
    `first_beyond` the first one that differs by more than its tolerance.
    """

    compared: int
    first_different: tuple[Metric, Metric] | None
    first_beyond: tuple[Metric, Metric] | None


class Outcome(StrEnum):
    """What a comparison says about a receipt."""

    SAME = "bit for bit the same"
    ROUNDING = "the same up to rounding"
    OTHER_ENVIRONMENT = "computed in another environment"
    DIFFERENT = "different"
    EMPTY = "nothing to compare"


def receipt(history: RunHistory) -> dict[str, Any]:
    """Return the run's receipt as plain values for JSON. Numbers that are not finite become null.

    Raise ReceiptError if the run has not reported anything yet.
    """
    run, started = history.run, history.started
    if started is None:
        raise ReceiptError("this run has not started yet, so it has no receipt")
    return {
        "receipt": FORMAT,
        "run_id": run.run_id,
        "config": asdict(run.config),
        "parent": _parent(run.config),
        "training_version": TRAINING_VERSION,
        "status": run.status.value,
        "attempts": run.attempt,
        "begun": datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds"),
        "seconds": history.seconds,
        "hashes": _hashes(started),
        "computed_by": started.versions,
        "data_note": started.data_note,
        "commonest_share": started.commonest_share,
        "clock": history.clock[1:],
        "metrics": {
            "training_loss": with_nulls(history.losses.tolist()),
            "example_losses": with_nulls(history.examples.tolist()),
            "epochs": [with_nulls(asdict(one)) for one in history.epochs],
            "layers": [with_nulls(asdict(one)) for one in history.statistics],
        },
    }


def read(text: str) -> tuple[RunConfig, dict[str, Any]]:
    """Return the config and all values of a receipt. Raise ReceiptError if the text is not a complete receipt."""
    try:
        plain = json.loads(text)
        if plain["receipt"] != FORMAT:
            raise ReceiptError(
                f"this receipt has format {str(plain['receipt'])[:20]}, and this version reads format {FORMAT}"
            )
        config = RunConfig(**plain["config"])
        list(metrics_of_receipt(plain))
        dict(plain["hashes"]), dict(plain["computed_by"])
    except (ConfigError, ArchitectureError) as error:
        raise ReceiptError(f"the receipt's config cannot be trained here: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ReceiptError(f"this file is not a complete receipt of a run ({error!r})") from error
    return config, plain


def read_file(path: Path) -> tuple[RunConfig, dict[str, Any]]:
    """Read a receipt from a file, which may be compressed (.gz). Raise ReceiptError if that is not possible."""
    try:
        content = path.read_bytes()
        return read((gzip.decompress(content) if path.suffix == ".gz" else content).decode())
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ReceiptError(f"the receipt {path} cannot be read: {error}") from error


def metrics_of_receipt(plain: dict[str, Any]) -> Iterator[Metric]:
    """Yield those metrics of a receipt that are compared."""
    fork = plain["config"].get("fork")
    first = fork["step"] if fork else 0
    for step, loss in enumerate(plain["metrics"]["training_loss"], start=first):
        yield _loss_metric(step, _number(loss))
    for epoch in plain["metrics"]["epochs"]:
        yield from _epoch_metrics(epoch["epoch"], _number(epoch["validation_loss"]), _number(epoch["test_accuracy"]))


def metrics_of_records(records: Iterable[Record]) -> Iterator[Metric]:
    """Yield the metrics that are compared from the records of a training, with the names that a receipt gives them."""
    for record in records:
        if isinstance(record, BatchLosses):
            for step, loss in enumerate(record.losses, start=record.first_step):
                yield _loss_metric(step, loss)
        elif isinstance(record, EpochResult):
            yield from _epoch_metrics(record.epoch, record.validation_loss, record.test_accuracy)


def different_hashes(plain: dict[str, Any], started: RunStarted) -> list[str]:
    """Return the names of the hashes that differ from the receipt's: first weights, split or batch order."""
    return [name for name, value in _hashes(started).items() if plain["hashes"].get(name) != value]


def environment_differences(plain: dict[str, Any], started: RunStarted) -> list[str]:
    """Return how this environment differs from the receipt's, one text each. Old receipts record less of it."""
    theirs = plain["computed_by"]
    return [
        f"{name} {theirs.get(name, 'not recorded')} there, {here} here"
        for name, here in started.versions.items()
        if theirs.get(name) != here
    ]


def compare(theirs: Iterable[Metric], ours: Iterable[Metric]) -> Comparison:
    """Compare each of our metrics with the receipt's metric of the same name, in our order."""
    by_name = {metric.name: metric for metric in theirs}
    pairs = [(by_name[metric.name], metric) for metric in ours if metric.name in by_name]
    first_different = next((pair for pair in pairs if not _is_same(pair[0].value, pair[1].value)), None)
    first_beyond = next((pair for pair in pairs if _is_beyond(*pair)), None)
    return Comparison(len(pairs), first_different, first_beyond)


def outcome_of(hashes: list[str], comparison: Comparison, environment: list[str]) -> Outcome:
    """Return what a comparison says about the receipt.

    `hashes` are the `different_hashes`, and `environment` the `environment_differences`. In another environment
    rounding differs, also in the initial weights, and the difference grows. So it cannot explain a first difference
    that is beyond the tolerance.
    """
    if _unexplained(hashes, environment):
        return Outcome.DIFFERENT
    if not comparison.compared:
        return Outcome.EMPTY
    if comparison.first_different is None:
        return Outcome.SAME
    if comparison.first_beyond is None:
        return Outcome.ROUNDING
    has_grown = comparison.first_beyond != comparison.first_different
    return Outcome.OTHER_ENVIRONMENT if environment and has_grown else Outcome.DIFFERENT


def _unexplained(hashes: list[str], environment: list[str]) -> list[str]:
    """Return the different hashes that rounding cannot explain. Split and batch order consist of whole numbers."""
    return [name for name in hashes if name != _WEIGHTS or not environment]


def verdict(hashes: list[str], comparison: Comparison, environment: list[str]) -> str:
    """Describe a comparison in sentences: where the numbers first differ, and what may explain it."""
    cause = (
        f"Computed with: {'; '.join(environment)}." if environment else "Versions, processor and threads are the same."
    )
    match outcome_of(hashes, comparison, environment):
        case Outcome.EMPTY:
            return (
                "The receipt has no number to compare: its numbers were removed, or the run had not reported any yet."
            )
        case Outcome.SAME:
            return f"Bit for bit the same in all {comparison.compared:,} compared numbers."
        case Outcome.ROUNDING:
            first = _difference(comparison.first_different)
            return (
                f"The same up to rounding in all {comparison.compared:,} compared numbers. The first difference is in "
                f"the {first}, within the tolerance. {cause}"
            )
        case Outcome.OTHER_ENVIRONMENT:
            return (
                f"Computed in another environment. {cause} Rounding differs there, and the difference grows with "
                f"training. It starts in the {_difference(comparison.first_different)}, and is beyond the tolerance "
                f"from the {_difference(comparison.first_beyond)} on. So this neither confirms nor refutes the "
                f"receipt. {GUARANTEE}"
            )
        case Outcome.DIFFERENT if unexplained := _unexplained(hashes, environment):
            return f"Different before the first batch: {' and '.join(unexplained)} differ from the receipt."
        case Outcome.DIFFERENT:
            return f"Different in the {_difference(comparison.first_beyond)}, beyond the tolerance. {cause}"


def _difference(pair: tuple[Metric, Metric] | None) -> str:
    """Return a pair of metrics as a text, with their tolerance."""
    assert pair is not None
    theirs, ours = pair
    return f"{theirs.name} ({theirs.value!r} in the receipt, {ours.value!r} here, tolerance {ours.tolerance:g})"


def _parent(config: RunConfig) -> dict[str, Any] | None:
    """Return the parent run and the step of a fork. The parent's config is part of the fork's."""
    return {"run_id": config.fork.parent.run_id, "step": config.fork.step} if config.fork else None


def _hashes(started: RunStarted) -> dict[str, str]:
    return {_WEIGHTS: started.weights_hash, "split": started.split_hash, "batch order": started.order_hash}


def _loss_metric(step: int, loss: float) -> Metric:
    return Metric(f"training loss of batch {step}", loss, LOSS_TOLERANCE)


def _epoch_metrics(epoch: int, validation_loss: float, test_accuracy: float) -> Iterator[Metric]:
    yield Metric(f"validation loss of epoch {epoch}", validation_loss, LOSS_TOLERANCE)
    yield Metric(f"test accuracy of epoch {epoch}", test_accuracy, ACCURACY_TOLERANCE)


def _is_same(one: float, other: float) -> bool:
    return one == other or not (math.isfinite(one) or math.isfinite(other))


def _is_beyond(theirs: Metric, ours: Metric) -> bool:
    return not _is_same(theirs.value, ours.value) and not abs(theirs.value - ours.value) <= ours.tolerance


def _number(value: float | None) -> float:
    """Return NaN for the null of a number that was not finite."""
    return math.nan if value is None else float(value)
