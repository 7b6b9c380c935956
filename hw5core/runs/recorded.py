"""The homework's race, recorded and shipped with the app, so that a first visitor sees results at once.

The recording is a receipt per run. `python -m hw5core precompute` makes it.
"""

import gzip
import json
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hw5core.runs.config import RunConfig, race
from hw5core.runs.earlier import earlier_race
from hw5core.runs.history import RunHistory, history_of, history_until
from hw5core.runs.receipts import read_file, receipt
from hw5core.runs.records import BatchLosses, EpochResult, Record, RunFinished, RunStarted, statistics_of
from hw5core.runs.run import Run, Status

FOLDER = Path(__file__).parent / "recorded"

RACE = race(RunConfig(dataset="mnist"))
"""The race that is recorded: the homework's settings with seed 0."""

EARLIER_RACE = earlier_race(RACE)
"""The race that earlier versions recorded. Its recording stays."""

RECORDED_SERVER = "recorded"
"""The `server` of a run that was read from a receipt."""


def path_of(config: RunConfig, folder: Path = FOLDER) -> Path:
    """Return the path of the run's receipt. It only exists for a recorded run.

    Runs of another version of the training code have other ids, so their receipts are never found.
    """
    return folder / f"{config.activation}-{config.run_id}.json.gz"


def write(histories: Iterable[RunHistory], folder: Path = FOLDER) -> None:
    """Replace the recording by these finished runs, without the losses of single images: they are most of the size."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {path_of(config, folder) for config in EARLIER_RACE}
    for old in set(folder.glob("*.json.gz")) - kept:
        old.unlink()
    for history in histories:
        plain = receipt(history)
        plain["metrics"]["example_losses"] = []
        packed = gzip.compress(json.dumps(plain, separators=(",", ":")).encode(), mtime=0)
        path_of(history.config, folder).write_bytes(packed)


def recorded_race(configs: tuple[RunConfig, ...], share: float = 1.0) -> list[RunHistory]:
    """Return the recorded histories of these runs, or an empty list unless all of them are recorded.

    With a `share` below 1, they are the histories as they were after this share of the batches, and after one at least.
    """
    if not has_recording(configs):
        return []
    return [_recorded_until(config, max(1, round(share * config.total_steps))) for config in configs]


def has_recording(configs: tuple[RunConfig, ...]) -> bool:
    """Return True if all of these runs are recorded."""
    return all(path_of(config).is_file() for config in configs)


def is_recorded(history: RunHistory) -> bool:
    """Return True if the history was read from a recording, so that the run was not trained here."""
    return history.run.server == RECORDED_SERVER


def note(history: RunHistory) -> str:
    """Return when and in which environment the run was trained: "on 01 May 2026 on x86_64 with PyTorch 2.9".

    An old receipt names the kind of machine, a new one its processor.
    """
    date, versions = datetime.fromtimestamp(history.run.created), history.started.versions if history.started else {}
    machine = versions.get("processor") or versions.get("machine")
    return f"on {date:%d %B %Y} on {machine} with PyTorch {versions.get('torch')}"


@lru_cache(maxsize=256)
def _recorded_until(config: RunConfig, done: int) -> RunHistory:
    """Return the same object for the same number of batches, so that everyone who sees it shares what is made of it."""
    return history_until(_recorded_run(config), done)


@cache
def _recorded_run(config: RunConfig) -> RunHistory:
    return history_of_receipt(*read_file(path_of(config)))


def history_of_receipt(config: RunConfig, plain: dict[str, Any]) -> RunHistory:
    """Return the history of a finished run from its config and the values of its receipt."""
    created = datetime.fromisoformat(plain["begun"]).timestamp()
    run = Run(plain["run_id"], config, Status.FINISHED, "", plain["attempts"], created, server=RECORDED_SERVER)
    return history_of(run, _records(plain))


def _records(plain: dict[str, Any]) -> Iterator[Record]:
    hashes, metrics = plain["hashes"], plain["metrics"]
    yield RunStarted(
        first_step=0,
        commonest_share=plain["commonest_share"],
        weights_hash=hashes["first weights"],
        split_hash=hashes["split"],
        order_hash=hashes["batch order"],
        versions=plain["computed_by"],
        data_note=plain["data_note"],
    )
    yield from _losses(metrics["training_loss"], plain.get("clock", []))
    for layers in metrics["layers"]:
        yield statistics_of(_numbers(layers))
    for epoch in metrics["epochs"]:
        yield EpochResult(**_numbers(epoch))
    yield RunFinished(len(metrics["training_loss"]), plain["seconds"])


def _losses(losses: list[float | None], clock: list[tuple[int, float | None]]) -> Iterator[BatchLosses]:
    """Yield a record for each entry of the clock. Old receipts have no clock: then yield one record."""
    values, first = _numbers(losses), 0
    for steps, seconds in clock or [(len(losses), None)]:
        yield BatchLosses(first, tuple(values[first:steps]), seconds=seconds)
        first = steps


def _numbers(plain: Any) -> Any:
    """Replace the nulls of numbers that were not finite by NaN, in nested dictionaries and lists too."""
    if isinstance(plain, dict):
        return {name: _numbers(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return [_numbers(value) for value in plain]
    return math.nan if plain is None else plain
