"""The tables of a sweep: mean, range and number of seeds agree with pandas and numpy."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw5core.charts.bands import arm_groups, epoch_bands, group_ends, loss_bands
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status
from hw5core.runs.sweeps import Arm, Sweep

BASE = RunConfig(epochs=4)
SWEEP = Sweep(BASE, ("relu", "sigmoid"), (0.005, 0.05), (0, 1, 2))
STEPS = BASE.steps_per_epoch


def _runs(batches: dict[int, int] | None = None, loss: float | None = None) -> dict[str, RunHistory]:
    """Return a history of every run. `batches` holds the number of batches per seed; by default a run is complete."""
    random = np.random.default_rng(7)
    runs = {}
    for (_, seed), config in SWEEP.configs.items():
        count = (batches or {}).get(seed, BASE.total_steps)
        losses = random.exponential(size=count) if loss is None else np.full(count, loss)
        epochs = [
            EpochResult(n, (n + 1) * STEPS - 1, random.random(), 90.0, 100 * random.random(), 1.0, 0.1)
            for n in range(count // STEPS)
        ]
        run = Run(config.run_id, config, Status.RUNNING, "", 1)
        seconds = 3.0 + seed if count == BASE.total_steps else None
        runs[config.run_id] = RunHistory(run, losses=np.array(losses), epochs=epochs, seconds=seconds)
    return runs


def _by_pandas(runs: dict[str, RunHistory]) -> pd.DataFrame:
    rows = [
        {"series": run.label, "rate": run.config.learning_rate, "epoch": result.epoch,
         "accuracy": result.test_accuracy, "loss": result.validation_loss}
        for run in runs.values() for result in run.epochs
    ]  # fmt: skip
    return pd.DataFrame(rows).groupby(["series", "rate", "epoch"]).agg(["mean", "min", "max", "count"])


@pytest.mark.parametrize("batches", [None, {0: 4 * STEPS, 1: 2 * STEPS + 5, 2: 10}])
def test_epochs_agree_with_pandas(batches: dict[int, int] | None) -> None:
    runs = _runs(batches)
    expected = _by_pandas(runs)
    bands = epoch_bands(arm_groups(SWEEP, runs)).set_index(["series", "rate", "epoch"]).loc[expected.index]
    for what, column in (("accuracy", "test_accuracy"), ("loss", "validation_loss")):
        np.testing.assert_allclose(bands[column], expected[what]["mean"])
        assert bands[f"{column}_lowest"].tolist() == expected[what]["min"].tolist()
        assert bands[f"{column}_highest"].tolist() == expected[what]["max"].tolist()
    assert bands.n.tolist() == expected["loss"]["count"].tolist()
    assert set(bands.of) == {3}


def test_losses_agree_with_numpy_and_count_seeds_with_the_complete_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.charts.bands.MAX_TOTAL_POINTS", 400)
    runs = _runs({0: BASE.total_steps, 1: 101, 2: 0})
    table, arm = loss_bands(arm_groups(SWEEP, runs), SWEEP.base.total_steps), Arm("sigmoid", 0.05)
    bands = table[(table.series == "sigmoid") & (table.rate == 0.05)].reset_index()
    one, other, _ = ([*run.losses] for run in SWEEP.of(arm, runs))
    width = round(2 * bands.batch[0] + 1)
    assert width == 9
    means = np.array([np.mean(one[start : start + width]) for start in range(0, len(one), width)])
    second = np.array([np.mean(other[start : start + width]) for start in range(0, 101 // width * width, width)])
    assert bands.n.tolist() == [2] * len(second) + [1] * (len(means) - len(second))
    np.testing.assert_allclose(bands.loss[len(second) :], means[len(second) :])
    np.testing.assert_allclose(bands.loss[: len(second)], (means[: len(second)] + second) / 2)
    np.testing.assert_allclose(bands.loss_lowest[: len(second)], np.minimum(means[: len(second)], second))
    assert bands.batch.iloc[-1] <= BASE.total_steps - 1


@settings(max_examples=15)
@given(st.lists(st.integers(0, BASE.total_steps), min_size=3, max_size=3), st.sampled_from([None, 2.302585, 1e-300]))
def test_the_mean_is_inside_the_band_for_any_losses(counts: list[int], loss: float | None) -> None:
    runs = _runs(dict(enumerate(counts)), loss)
    for bands, columns in (
        (epoch_bands(arm_groups(SWEEP, runs)), ("test_accuracy", "validation_loss")),
        (loss_bands(arm_groups(SWEEP, runs), SWEEP.base.total_steps), ("loss",)),
    ):
        assert ((bands.n >= 1) & (bands.n <= bands.of)).all()
        for column in columns:
            assert (bands[f"{column}_lowest"] <= bands[column]).all()
            assert (bands[column] <= bands[f"{column}_highest"]).all()
            alone = bands[bands.n == 1]
            assert (alone[f"{column}_lowest"] == alone[f"{column}_highest"]).all()


def _ends(runs: dict[str, RunHistory]) -> pd.DataFrame:
    groups = arm_groups(SWEEP, runs)
    return group_ends(groups, epoch_bands(groups))


def test_every_arm_has_a_row_before_the_first_record() -> None:
    ends = _ends({})
    assert ends.series.tolist() == ["ReLU", "ReLU", "sigmoid", "sigmoid"]
    assert ends.n.tolist() == [0] * 4
    assert ends.test_accuracy.isna().all()
    assert epoch_bands(arm_groups(SWEEP, {})).empty
    assert loss_bands(arm_groups(SWEEP, {}), SWEEP.base.total_steps).empty


def test_an_arm_shows_the_newest_epoch_that_any_seed_has_finished() -> None:
    ends = _ends(_runs({0: 4 * STEPS, 1: 3 * STEPS, 2: STEPS}))
    assert ends.epoch.tolist() == [3] * 4
    assert ends.n.tolist() == [1] * 4
    assert ends.seconds.tolist() == [3.0] * 4
    assert _ends(_runs()).seconds.tolist() == [4.0] * 4


def test_the_plateau_is_the_mean_over_the_started_seeds() -> None:
    ends = _ends(_runs({0: 800, 1: 400, 2: 0}, loss=math.log(10)))
    assert ends.plateau.tolist() == [600.0] * 4


def test_a_diverged_run_is_counted_and_not_hidden_by_a_mean() -> None:
    runs = _runs()
    first = SWEEP.of(SWEEP.arms[0], runs)[0]
    losses = np.append(first.losses[:-1], math.nan)
    epochs = [*first.epochs[:-1], EpochResult(3, 4 * STEPS - 1, math.nan, 10.0, 11.0, 1.0, 0.1)]
    runs[first.run_id] = replace(first, losses=losses, epochs=epochs)
    ends, bands = _ends(runs), loss_bands(arm_groups(SWEEP, runs), SWEEP.base.total_steps)
    assert ends.diverged.tolist() == [1, 0, 0, 0]
    assert ends.diverged_at[0] == len(losses) - 1
    assert math.isnan(ends.validation_loss[0])
    assert not math.isnan(ends.test_accuracy[0])
    assert bands.loss.isna().sum() == 1
    assert bands.n.min() == 3
