"""The homework's race with three seeds, next to the sheet's accuracies, and whether it stays within the bounds.

A training that follows the sheet's protocol can differ from it by chance, and because the sheet does not name its
network. The bounds say how far the reconstruction may be from the sheet, in the mean of the seeds.
"""

import tempfile
import time
from pathlib import Path
from statistics import fmean

from benchmarks.measurement import Measurement, Target, measured
from hw5core.data import datasets
from hw5core.engine.engine import Engine
from hw5core.homework.sheet import SHEET_ACCURACY
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

SEEDS = (0, 1, 2)
RELU_POINTS = 1.5
"""The largest distance of ReLU's mean from the sheet, after every epoch."""

SIGMOID_FIRST = 30.0
"""The largest mean of sigmoid after epoch 0, in percent: it is still on its plateau."""

SIGMOID_POINTS = 6.0
"""The largest distance of sigmoid's mean from the sheet, after epochs 2, 3 and 4."""

LEAD = (6.0, 14.0)
"""The smallest and the largest lead of ReLU after the last epoch, in points."""

_Accuracies = dict[str, list[tuple[float, ...]]]
"""Test accuracies in percent by activation: for each epoch those of the seeds."""


def measure() -> list[Measurement]:
    """Train the race with every seed, and compare the means with the sheet. Raises DataError without MNIST."""
    datasets.load("mnist")
    found = _train()
    return [*_relu(found["relu"]), *_sigmoid(found["sigmoid"]), *_lead(found)]


def _train() -> _Accuracies:
    """Train the race with every seed on this machine's workers. Raise RuntimeError if a run does not finish."""
    races = [race(RunConfig(dataset="mnist", seed=seed)) for seed in SEEDS]
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        engine = Engine(store)
        try:
            for configs in races:
                engine.start(configs)
            runs = {activation: [] for activation in SHEET_ACCURACY}
            for config in (config for configs in races for config in configs):
                runs[config.activation].append(_accuracies_of(store, config))
        finally:
            engine.close()
    return {activation: list(zip(*seeds, strict=True)) for activation, seeds in runs.items()}


def _accuracies_of(store: RunStore, config: RunConfig) -> list[float]:
    follower = Follower(store, config.run_id, lean=True)
    while not (history := follower.read()) or not history.status.over:
        time.sleep(1)
    if len(history.epochs) < config.epochs:
        raise RuntimeError(f"{config.label} with seed {config.seed} has not finished: {history.message}")
    return [result.test_accuracy for result in history.epochs]


def _relu(epochs: list[tuple[float, ...]]) -> list[Measurement]:
    return [_distance("relu", epoch, seeds, Target(RELU_POINTS)) for epoch, seeds in enumerate(epochs)]


def _sigmoid(epochs: list[tuple[float, ...]]) -> list[Measurement]:
    first = measured("sigmoid after epoch 0, mean of the seeds", [fmean(epochs[0])], "%", Target(SIGMOID_FIRST))
    far = [
        _distance("sigmoid", epoch, seeds, Target(SIGMOID_POINTS) if epoch >= 2 else None)
        for epoch, seeds in enumerate(epochs)
    ]
    return [first, *far]


def _lead(found: _Accuracies) -> list[Measurement]:
    leads = [relu - sigmoid for relu, sigmoid in zip(found["relu"][-1], found["sigmoid"][-1], strict=True)]
    mean, last = fmean(leads), len(found["relu"]) - 1
    what = f"lead of ReLU after epoch {last}, mean of the seeds"
    least, most = LEAD
    return [measured(what, [mean], "points", Target(least, least=True)), measured(what, [mean], "points", Target(most))]


def _distance(activation: str, epoch: int, seeds: tuple[float, ...], target: Target | None) -> Measurement:
    """Return the distance of the seeds' mean from the sheet."""
    mean, sheet = fmean(seeds), SHEET_ACCURACY[activation][epoch]
    each = "; ".join(f"{accuracy:.2f}" for accuracy in seeds)
    what = f"{ACTIVATIONS[activation].label}, epoch {epoch}: distance of the mean from the sheet"
    note = f"sheet {sheet:.2f} %, mean {mean:.2f} %, seeds {each}"
    return measured(what, [abs(mean - sheet)], "points", target, note=note)
