"""The homework's race on MNIST: the app's workers compared with a textbook training loop.

Each round trains a part of an epoch and evaluates completely. The time of the whole race is computed from these: five
epochs of 8,400 batches with one evaluation each, for both networks.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, Target, measured
from hw5core.data import datasets
from hw5core.engine.cluster import worker_count
from hw5core.engine.engine import Engine
from hw5core.network.presets import PRESETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

FACTORS = {"digit-cnn": 8, "digit-cnn-earlier": 4}
"""How many times as fast as the textbook's loop the race of each network has to be."""

ROUNDS = 3
IMAGES = 5_000
"""Training images per round: a thousand batches for each network."""

_WHOLE = RunConfig(dataset="mnist", epochs=5)
_ROUND_SECONDS = 3600
"""Time after which a round counts as failed."""


def measure() -> list[Measurement]:
    """Measure the race of both networks. Raises DataError without MNIST."""
    datasets.load("mnist")
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        engine = Engine(store)
        try:
            return [figure for preset in FACTORS for figure in _against_textbook(engine, store, preset)]
        finally:
            engine.close()


def _against_textbook(engine: Engine, store: RunStore, preset: str) -> list[Measurement]:
    """Measure the time of both, our speedup, and the accuracy that both reach."""
    ours, theirs = [], []
    _ours(engine, store, preset, ROUNDS)  # the workers load torch and MNIST in this round
    for seed in range(ROUNDS):
        ours.append(_ours(engine, store, preset, seed))
        theirs.append(_textbook(preset, seed))
    here = [_race_seconds(one, side_by_side=worker_count() > 1) for one in ours]
    there = [_race_seconds(one, side_by_side=False) for one in theirs]
    faster = [textbook / mine for mine, textbook in zip(here, there, strict=True)]
    return [
        measured(
            f"the race of {preset} on MNIST", here, "s", note=f"from {IMAGES // 5:,} batches of each network a round"
        ),
        measured("the same race with a textbook loop", there, "s", note="one network after the other"),
        measured("speedup over the textbook loop", faster, "times", Target(FACTORS[preset], least=True)),
        *_step_times(ours, theirs),
        *_accuracies(ours, theirs),
    ]


_Round = dict[str, dict[str, float]]
"""Results per activation: seconds of training, evaluation_seconds, accuracy in percent."""


def _ours(engine: Engine, store: RunStore, preset: str, seed: int) -> _Round:
    network = PRESETS[preset].text
    configs = race(RunConfig(dataset="mnist", network=network, epochs=1, training_images=IMAGES, seed=seed))
    engine.start(configs)
    return {config.activation: _results(_finished(Follower(store, config.run_id))) for config in configs}


def _finished(follower: Follower) -> RunHistory:
    start = time.monotonic()
    while time.monotonic() - start < _ROUND_SECONDS:
        history = follower.read()
        if history and history.status.over:
            if history.message:
                raise SystemExit(f"our race failed: {history.message}")
            return history
        time.sleep(0.05)
    raise SystemExit("our race did not end")


def _results(history: RunHistory) -> dict[str, float]:
    (epoch,) = history.epochs
    return {
        "seconds": epoch.seconds,
        "evaluation_seconds": epoch.evaluation_seconds,
        "accuracy": epoch.test_accuracy,
    }


def _textbook(preset: str, seed: int) -> _Round:
    command = [sys.executable, "-m", "benchmarks.textbook", preset, str(seed), str(IMAGES)]
    results: Any = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=_ROUND_SECONDS).stdout
    )
    return results


def _race_seconds(results: _Round, side_by_side: bool) -> float:
    """Return the time of the whole race at this round's speed."""
    batches = IMAGES // _WHOLE.batch_size
    each = [
        one["seconds"] / batches * _WHOLE.total_steps + one["evaluation_seconds"] * _WHOLE.epochs
        for one in results.values()
    ]
    return max(each) if side_by_side else sum(each)


def _step_times(ours: list[_Round], theirs: list[_Round]) -> list[Measurement]:
    batches = IMAGES // _WHOLE.batch_size
    return [
        measured(f"{name} step, {whose}", [1000 * one[name]["seconds"] / batches for one in rounds], "ms")
        for name in ("relu", "sigmoid")
        for whose, rounds in (("both networks training", ours), ("textbook loop", theirs))
    ]


def _accuracies(ours: list[_Round], theirs: list[_Round]) -> list[Measurement]:
    """Return ReLU's accuracy. Sigmoid is no better than guessing after so few batches."""
    return [
        measured(f"ReLU's test accuracy after {IMAGES // 5:,} batches, {whose}", values, "%")
        for whose, values in (
            ("ours", [one["relu"]["accuracy"] for one in ours]),
            ("textbook loop", [one["relu"]["accuracy"] for one in theirs]),
        )
    ]
