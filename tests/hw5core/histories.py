"""What the tests of the engine compare: the numbers of a run, from the store or straight from `train`."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import BatchLosses, EpochResult, LayerStatistics, Record, RunStarted
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

PATIENCE_SECONDS = 120


def numbers(records: Iterable[Record]) -> dict[str, Any]:
    """All that a run computed and nothing that a clock or the sending made of it."""
    records = list(records)
    blocks = [record for record in records if isinstance(record, BatchLosses)]
    started = next(record for record in records if isinstance(record, RunStarted))
    return {
        "hashes": (started.weights_hash, started.split_hash, started.order_hash),
        "losses": [loss for block in blocks for loss in block.losses],
        "examples": [loss for block in blocks for loss in block.examples],
        "epochs": [replace(one, seconds=0, evaluation_seconds=0) for one in records if isinstance(one, EpochResult)],
        "statistics": [record for record in records if isinstance(record, LayerStatistics)],
    }


def undisturbed(config: RunConfig) -> dict[str, Any]:
    """The numbers of a run that nothing happened to, computed in this process as a worker would."""
    from hw5core.training.loop import train

    return numbers(train(config, datasets.load(config.dataset)))


def wait_for(store: RunStore, config: RunConfig, condition: Callable[[RunHistory], bool]) -> RunHistory:
    """Follow the run until the condition holds."""
    follower, deadline = Follower(store, config.run_id), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        history = follower.read()
        if history and condition(history):
            return history
        time.sleep(0.02)
    raise AssertionError(f"it did not come to this: {history and history.run}")


def wait_until_over(store: RunStore, config: RunConfig) -> RunHistory:
    return wait_for(store, config, lambda history: history.status.over)
