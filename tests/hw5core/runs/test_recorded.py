"""What is shipped as recorded is the homework's race by this version's training code, told as it was told then."""

from dataclasses import asdict
from pathlib import Path

import pytest

from hw5core.__main__ import main
from hw5core.data import datasets
from hw5core.runs import recorded
from hw5core.runs.config import TRAINING_VERSION, RunConfig, race
from hw5core.runs.receipts import read_file
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.loop import train

MOST_BYTES = 2_000_000


def test_the_homeworks_race_is_shipped_whole() -> None:
    stories = recorded.recorded_race(recorded.RACE)
    assert [story.run.config for story in stories] == list(race(RunConfig(dataset="mnist")))
    for story in stories:
        _, plain = read_file(recorded.path_of(story.run.config))
        assert plain["training_version"] == TRAINING_VERSION, "make precompute"
        assert story.run.status is Status.FINISHED
        assert len(story.losses) == story.run.config.total_steps
        assert len(story.epochs) == 5
        assert story.clock[-1][1] <= (story.seconds or 0)
        assert "20" in recorded.note(story)
    assert sum(path.stat().st_size for path in recorded.FOLDER.iterdir()) < MOST_BYTES
    assert recorded.recorded_race(race(RunConfig(dataset="mnist", seed=1))) == []


def test_its_first_batches_hold_against_a_repetition(mnist_folder: Path) -> None:
    for config in recorded.RACE:
        assert main(["verify", str(recorded.path_of(config)), "--batches", "100"]) == 0


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_story_that_is_shipped_is_read_back_as_it_was(tmp_path: Path, activation: str) -> None:
    config = RunConfig(network="1x28x28 flatten linear16 relu linear10", activation=activation, epochs=1)
    store = RunStore(tmp_path / "store")
    store.claim(config)
    for record in train(config, datasets.load("digits")):
        store.add(config.run_id, record)
    story = Follower(store, config.run_id).read()
    assert story
    recorded.write([story], tmp_path)
    again = recorded.story_of(*read_file(recorded.path_of(config, tmp_path)))
    assert recorded.is_recorded(again)
    assert not recorded.is_recorded(story)
    assert (again.losses, again.epochs, again.clock) == (story.losses, story.epochs, story.clock)
    assert [asdict(one) for one in again.statistics] == [asdict(one) for one in story.statistics]
    assert again.started == story.started
    assert again.seconds == story.seconds
