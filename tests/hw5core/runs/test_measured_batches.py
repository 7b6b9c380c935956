"""Which batches of a run are measured: densely at first, seldom afterwards, and never too many."""

from dataclasses import replace

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.measured_batches import FIRST_BATCHES, distances, is_measured
from hw5core.runs.recorded import RACE


def _measured(config: RunConfig) -> list[int]:
    return [step for step in range(config.first_step, config.total_steps) if is_measured(config, step)]


def test_the_first_batches_of_the_homework_are_measured_densely_and_then_seldom() -> None:
    steps = _measured(RACE[0])
    assert steps[:3] == [0, 5, 10]
    assert [step for step in steps if step >= FIRST_BATCHES] == list(range(FIRST_BATCHES, 42_000, 200))


@pytest.mark.parametrize("images", [5, 500, 5_000, 12_500])
@pytest.mark.parametrize("epochs", [1, 5, 20])
def test_a_run_of_any_length_measures_few_batches_and_always_the_first(images: int, epochs: int) -> None:
    steps = _measured(replace(RACE[0], training_images=images, epochs=epochs))
    assert steps[0] == 0
    assert len(steps) <= 1 + 0.012 * images * epochs / 5


def test_the_longest_run_measures_at_most_700_batches() -> None:
    longest = replace(RACE[0], epochs=200)
    dense, later = distances(longest)
    assert FIRST_BATCHES / dense + longest.total_steps / later <= 700


def test_a_fork_is_measured_from_its_first_batch_on() -> None:
    parent = RunConfig(epochs=30)
    forked = fork(parent, 2, "relu", 0.05)
    assert forked.first_step % 100
    assert _measured(forked)[0] == forked.first_step
