"""The estimate before a race is of the size that the race then takes."""

import time
from dataclasses import replace

import pytest

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.training.loop import train
from hw5core.training.pace import MEASURED_SECONDS, estimated_seconds


@pytest.mark.slow
def test_the_estimate_is_of_the_right_size_and_quick() -> None:
    config = RunConfig(epochs=6)
    begin = time.perf_counter()
    estimate = estimated_seconds(config)
    spent = time.perf_counter() - begin
    begin = time.perf_counter()
    for _ in train(config, datasets.load("digits")):
        pass
    took = time.perf_counter() - begin
    # Other work on a shared machine comes and goes: a factor of five is a wrong formula, a factor of two is weather.
    assert took / 5 < estimate < took * 5
    assert spent < 20 * MEASURED_SECONDS


@pytest.mark.slow
def test_twice_the_epochs_take_about_twice_as_long() -> None:
    config = RunConfig(network="1x28x28 flatten linear16 relu linear10", dataset="mnist", epochs=2)
    once, twice = (estimated_seconds(replace(config, epochs=epochs)) for epochs in (2, 20))
    assert 2 < twice / once < 50
