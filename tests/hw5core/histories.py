"""The numbers of a run, from the store or straight from `train`, and how to wait for a run."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import BatchLosses, EpochResult, LayerReport, Record, RunStarted
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tools.waiting import wait_until


def numbers(records: Iterable[Record]) -> dict[str, Any]:
    """Return everything that a run computed, without times and without how the batches were grouped into records."""
    records = list(records)
    blocks = [record for record in records if isinstance(record, BatchLosses)]
    started = next(record for record in records if isinstance(record, RunStarted))
    return {
        "hashes": (started.weights_hash, started.split_hash, started.order_hash),
        "losses": [loss for block in blocks for loss in block.losses],
        "examples": [loss for block in blocks for loss in block.examples],
        "epochs": [replace(one, seconds=0, evaluation_seconds=0) for one in records if isinstance(one, EpochResult)],
        "statistics": [one for record in records if isinstance(record, LayerReport) for one in record.batches],
    }


def undisturbed(config: RunConfig) -> dict[str, Any]:
    """Train the run in this process without interruption, as a worker would, and return its numbers."""
    from hw5core.training.loop import train

    return numbers(train(config, datasets.load(config.dataset)))


def wait_for(store: RunStore, config: RunConfig, condition: Callable[[RunHistory], bool]) -> RunHistory:
    """Follow the run until the condition is true, and return its history then."""
    follower = Follower(store, config.run_id)

    def is_reached() -> RunHistory | None:
        history = follower.read()
        return history if history and condition(history) else None

    return wait_until(is_reached, lambda: f"the run does not get there: {store.run(config.run_id)}", poll_seconds=0.02)


def wait_until_over(store: RunStore, config: RunConfig) -> RunHistory:
    """Follow the run until it has finished, failed, or was paused or stopped."""
    return wait_for(store, config, lambda history: history.status.over)
