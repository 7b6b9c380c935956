"""The estimate of a run's duration: the pace of a short trial, times the work of the whole run."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from hw5core.data.datasets import DATASETS, Pool
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Record
from hw5core.training.pace import estimated_seconds

SMALL = RunConfig(network="1x28x28 flatten linear16 relu linear10", dataset="mnist", epochs=2)
SECONDS_PER_STEP = 0.002


@pytest.fixture
def steady_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that takes SECONDS_PER_STEP for each step by a simulated clock, after a slow first report."""
    now = 0.0

    def train(_: RunConfig, __: Pool) -> Iterator[Record]:
        nonlocal now
        for block in count():
            now += 100 * SECONDS_PER_STEP if block else 0.25
            yield BatchLosses(100 * block, (2.3,) * 100, seconds=now)

    monkeypatch.setattr("hw5core.training.loop.train", train)
    monkeypatch.setattr("time.perf_counter", lambda: now)


def test_the_estimate_is_the_pace_times_the_work(steady_pace: None) -> None:
    # Two epochs of 42,000 images in batches of 5. After each, 28,000 images are evaluated at a quarter of the cost.
    steps = 2 * 42_000 / 5
    evaluation_steps = 2 * 28_000 / 5 / 4
    assert estimated_seconds(SMALL) == pytest.approx(SECONDS_PER_STEP * (steps + evaluation_steps), rel=1e-6)


def test_ten_times_the_epochs_take_ten_times_as_long(steady_pace: None) -> None:
    assert estimated_seconds(replace(SMALL, epochs=20)) == pytest.approx(10 * estimated_seconds(SMALL), rel=1e-6)


@pytest.mark.slow
def test_a_real_trial_gives_an_estimate() -> None:
    assert estimated_seconds(RunConfig(epochs=1)) > 0


@pytest.mark.slow
def test_a_run_with_a_last_batch_of_one_image_gets_an_estimate() -> None:
    """A trial of 1,000 images in batches of 27 would end with one image, which batch normalisation refuses."""
    assert estimated_seconds(RunConfig(network="1x28x28 flatten linear16 bn relu linear10", batch_size=27)) > 0


@pytest.mark.slow
def test_a_dataset_with_other_images_gets_an_estimate_without_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(DATASETS["mnist"], images=1_000, shape=(1, 16, 16), classes=4)
    monkeypatch.setitem(DATASETS, "shapes", small)
    assert estimated_seconds(RunConfig(dataset="shapes", network="1x16x16 flatten relu linear4")) > 0
