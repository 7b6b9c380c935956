"""The homework's race on MNIST, ours on the app's own workers against the textbook's loop, in turn.

Each round trains a part of an epoch and evaluates in full; from these follows what the whole race takes: five epochs of
8,400 batches, each with one evaluation, both networks.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, Promise, measured
from hw5core.engine.engine import Engine, worker_count
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

ROUNDS = 3
IMAGES = 5_000
"""How many training images a round takes: a thousand batches for each network."""

_WHOLE = RunConfig(dataset="mnist", epochs=5)
_LONG = 3600
"""Seconds after which a round is given up."""


def measure() -> list[Measurement]:
    """How long both take, how many times faster ours is, and that they learn the same."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        engine = Engine(store)
        _ours(engine, store, ROUNDS)  # the workers load torch and MNIST
        for seed in range(ROUNDS):
            ours.append(_ours(engine, store, seed))
            theirs.append(_textbooks(seed))
        engine.close()
    here = [_race_seconds(one, side_by_side=worker_count() > 1) for one in ours]
    there = [_race_seconds(one, side_by_side=False) for one in theirs]
    faster = [textbook / mine for mine, textbook in zip(here, there, strict=True)]
    return [
        measured(
            "the homework's race on MNIST", here, "s", note=f"from {IMAGES // 5:,} batches of each network a round"
        ),
        measured("the same race by the textbook's loop", there, "s", note="one network after the other"),
        measured("times faster than the textbook's loop", faster, "times", Promise(4, least=True)),
        *_step_times(ours, theirs),
        *_accuracies(ours, theirs),
    ]


_Told = dict[str, dict[str, float]]
"""Per activation: seconds of training, evaluation_seconds, accuracy."""


def _ours(engine: Engine, store: RunStore, seed: int) -> _Told:
    configs = race(RunConfig(dataset="mnist", epochs=1, training_images=IMAGES, seed=seed))
    engine.start(configs)
    return {config.activation: _plain(_awaited(Follower(store, config.run_id))) for config in configs}


def _awaited(follower: Follower) -> RunHistory:
    begin = time.monotonic()
    while time.monotonic() - begin < _LONG:
        history = follower.read()
        if history and history.status.over:
            if history.message:
                raise SystemExit(f"our race failed: {history.message}")
            return history
        time.sleep(0.05)
    raise SystemExit("our race did not end")


def _plain(history: RunHistory) -> dict[str, float]:
    (epoch,) = history.epochs
    return {
        "seconds": epoch.seconds,
        "evaluation_seconds": epoch.evaluation_seconds,
        "accuracy": epoch.test_accuracy,
    }


def _textbooks(seed: int) -> _Told:
    command = [sys.executable, "-m", "benchmarks.textbook", str(seed), str(IMAGES)]
    told: Any = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=_LONG).stdout)
    return told


def _race_seconds(told: _Told, side_by_side: bool) -> float:
    """What the whole race takes at this round's pace."""
    batches = IMAGES // _WHOLE.batch_size
    each = [
        one["seconds"] / batches * _WHOLE.total_steps + one["evaluation_seconds"] * _WHOLE.epochs
        for one in told.values()
    ]
    return max(each) if side_by_side else sum(each)


def _step_times(ours: list[_Told], theirs: list[_Told]) -> list[Measurement]:
    batches = IMAGES // _WHOLE.batch_size
    return [
        measured(f"{name} step, {whose}", [1000 * one[name]["seconds"] / batches for one in rounds], "ms")
        for name in ("relu", "sigmoid")
        for whose, rounds in (("both networks training", ours), ("textbook's loop", theirs))
    ]


def _accuracies(ours: list[_Told], theirs: list[_Told]) -> list[Measurement]:
    """ReLU's, for sigmoid still guesses after so little: the same within what the seeds make of it."""
    return [
        measured(f"ReLU's test accuracy after {IMAGES // 5:,} batches, {whose}", found, "%")
        for whose, found in (
            ("ours", [one["relu"]["accuracy"] for one in ours]),
            ("textbook's loop", [one["relu"]["accuracy"] for one in theirs]),
        )
    ]
