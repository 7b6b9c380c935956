"""A run's receipt: one JSON file with its config, hashes, what computed it and all its metrics; and how two compare.

Whoever has the file trains the same batches again (`python -m hw5core verify`) and sees where the numbers part, if they
do. With the same versions on the same kind of processor they are the same bit for bit; elsewhere sums are taken in
another order, and the last digits differ: the tolerances say by how much. No torch.
"""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hw5core.errors import ArchitectureError, ConfigError, ReceiptError
from hw5core.runs.config import TRAINING_VERSION, RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import BatchLosses, EpochResult, Record, RunStarted

FORMAT = 1

LOSS_TOLERANCE = 1e-3
"""Nats by which a loss may differ between two makes of processor or versions of PyTorch: rounding differs by about a
millionth in the first batches and grows from step to step."""

ACCURACY_TOLERANCE = 0.5
"""Percentage points by which an accuracy may differ for the same reason: a few images near the boundary."""


@dataclass(frozen=True)
class Metric:
    """One number of a run: what it is, its value and how far another's may be from it."""

    name: str
    value: float
    tolerance: float


@dataclass(frozen=True)
class Comparison:
    """How a receipt's numbers and those computed again compare: `compared` of them in order of training, the first that
    is not the same bit for bit, and the first beyond its tolerance, each as (receipt's, ours)."""

    compared: int
    parted: tuple[Metric, Metric] | None
    beyond: tuple[Metric, Metric] | None


def receipt(history: RunHistory) -> dict[str, Any]:
    """The run's receipt in plain values, ready for JSON; numbers that are not finite become null.

    Raises ReceiptError for a run that has not told anything yet.
    """
    run, started = history.run, history.started
    if started is None:
        raise ReceiptError("the run has not begun: there is nothing to give a receipt for")
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
            "training_loss": _finite(history.losses.tolist()),
            "example_losses": _finite(history.examples.tolist()),
            "epochs": [{name: _or_null(value) for name, value in asdict(one).items()} for one in history.epochs],
            "layers": [_finite_inside(asdict(one)) for one in history.statistics],
        },
    }


def read(text: str) -> tuple[RunConfig, dict[str, Any]]:
    """The config and the whole of a receipt. Raises ReceiptError for a text that is none."""
    try:
        plain = json.loads(text)
        known = plain["receipt"] == FORMAT
        config = RunConfig(**plain["config"])
        list(metrics_of_receipt(plain))
        dict(plain["hashes"]), dict(plain["computed_by"])
    except (ConfigError, ArchitectureError) as error:
        raise ReceiptError(f"the receipt's config cannot be trained here: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReceiptError(f"this file is not a receipt of a run, or not all of one ({error!r})") from error
    if not known:
        raise ReceiptError(f"this receipt has format {plain['receipt']}, and this version reads format {FORMAT}")
    return config, plain


def read_file(path: Path) -> tuple[RunConfig, dict[str, Any]]:
    """The same of a file, which may be packed (.gz). Raises ReceiptError for one that cannot be read as well."""
    try:
        content = path.read_bytes()
        return read((gzip.decompress(content) if path.suffix == ".gz" else content).decode())
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ReceiptError(f"the receipt {path} cannot be read: {error}") from error


def metrics_of_receipt(plain: dict[str, Any]) -> Iterator[Metric]:
    """A receipt's numbers that are compared."""
    fork = plain["config"].get("fork")
    first = fork["step"] if fork else 0
    for step, loss in enumerate(plain["metrics"]["training_loss"], start=first):
        yield _loss_metric(step, _number(loss))
    for epoch in plain["metrics"]["epochs"]:
        yield from _epoch_metrics(epoch["epoch"], _number(epoch["validation_loss"]), _number(epoch["test_accuracy"]))


def metrics_of_records(records: Iterable[Record]) -> Iterator[Metric]:
    """The same numbers out of what a training tells, as it tells them."""
    for record in records:
        match record:
            case BatchLosses():
                for step, loss in enumerate(record.losses, start=record.first_step):
                    yield _loss_metric(step, loss)
            case EpochResult():
                yield from _epoch_metrics(record.epoch, record.validation_loss, record.test_accuracy)


def differing_hashes(plain: dict[str, Any], started: RunStarted) -> list[str]:
    """In words, which of first weights, split and batch order are not the receipt's."""
    return [name for name, value in _hashes(started).items() if plain["hashes"].get(name) != value]


def differing_makers(plain: dict[str, Any], started: RunStarted) -> list[str]:
    """In words, which versions or machine are not those that the receipt's run was computed by."""
    theirs = plain["computed_by"]
    return [
        f"{name} {theirs.get(name)} there, {here} here"
        for name, here in started.versions.items()
        if theirs.get(name) != here
    ]


def verdict(different_hashes: list[str], comparison: Comparison, makers: list[str]) -> str:
    """What the comparison came to, in sentences: where the numbers part, if anywhere, and what may explain it."""
    if different_hashes:
        return f"They part before the first batch: not the receipt's {' and '.join(different_hashes)}."
    if not comparison.compared:
        return "The receipt has no number to compare: it was emptied, or is of a run that had not told any yet."
    if comparison.parted is None:
        return f"The same bit for bit in all {comparison.compared:,} numbers compared."
    theirs, ours = comparison.beyond or comparison.parted
    place = f"{theirs.name}: {theirs.value!r} in the receipt, {ours.value!r} here"
    side = "beyond" if comparison.beyond else "within"
    cause = f"Computed by: {'; '.join(makers)}." if makers else "Versions and machine are the same."
    return f"They part at the {place}, {side} the tolerance of {ours.tolerance:g}. {cause}"


def compare(theirs: Iterable[Metric], ours: Iterable[Metric]) -> Comparison:
    """Compare each of our numbers with the receipt's of the same name, in our order."""
    by_name = {metric.name: metric for metric in theirs}
    pairs = [(by_name[metric.name], metric) for metric in ours if metric.name in by_name]
    parted = next((pair for pair in pairs if not _same(pair[0].value, pair[1].value)), None)
    beyond = next((pair for pair in pairs if _is_beyond(*pair)), None)
    return Comparison(len(pairs), parted, beyond)


def _parent(config: RunConfig) -> dict[str, Any] | None:
    """Of a branch, the run it comes from and after how many batches; that run's config stands in its own."""
    return {"run_id": config.fork.parent.run_id, "step": config.fork.step} if config.fork else None


def _hashes(started: RunStarted) -> dict[str, str]:
    return {"first weights": started.weights_hash, "split": started.split_hash, "batch order": started.order_hash}


def _loss_metric(step: int, loss: float) -> Metric:
    return Metric(f"training loss of batch {step}", loss, LOSS_TOLERANCE)


def _epoch_metrics(epoch: int, validation_loss: float, test_accuracy: float) -> Iterator[Metric]:
    yield Metric(f"validation loss of epoch {epoch}", validation_loss, LOSS_TOLERANCE)
    yield Metric(f"test accuracy of epoch {epoch}", test_accuracy, ACCURACY_TOLERANCE)


def _same(one: float, other: float) -> bool:
    return one == other or not (math.isfinite(one) or math.isfinite(other))


def _is_beyond(theirs: Metric, ours: Metric) -> bool:
    return not _same(theirs.value, ours.value) and not abs(theirs.value - ours.value) <= ours.tolerance


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _finite(values: Iterable[float]) -> list[float | None]:
    return [_or_null(value) for value in values]


def _finite_inside(plain: dict[str, Any]) -> dict[str, Any]:
    """The same for the dictionaries of layers inside."""
    return {
        name: {layer: _or_null(value) for layer, value in inner.items()} if isinstance(inner, dict) else inner
        for name, inner in plain.items()
    }


def _number(value: float | None) -> float:
    """Null stands for what was not finite."""
    return math.nan if value is None else float(value)
