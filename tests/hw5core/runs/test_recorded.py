"""The recorded race is the homework's, it was trained by this version's code, and it is read back as it was."""

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

MAX_BYTES = 2_000_000


def test_the_homeworks_race_is_recorded_completely() -> None:
    histories = recorded.recorded_race(recorded.RACE)
    assert [history.config for history in histories] == list(race(RunConfig(dataset="mnist")))
    for history in histories:
        _, plain = read_file(recorded.path_of(history.config))
        assert plain["training_version"] == TRAINING_VERSION, "make precompute"
        assert history.status is Status.FINISHED
        assert len(history.losses) == history.config.total_steps
        assert len(history.epochs) == 5
        assert history.clock[-1][1] <= (history.seconds or 0)
        assert "20" in recorded.note(history)
    assert sum(path.stat().st_size for path in recorded.FOLDER.iterdir()) < MAX_BYTES
    assert recorded.recorded_race(race(RunConfig(dataset="mnist", seed=1))) == []


def test_a_recording_plays_from_its_first_batch() -> None:
    whole = recorded.recorded_race(recorded.RACE)
    first, middle, end = (recorded.recorded_race(recorded.RACE, share) for share in (0.0, 0.5, 1.0))
    assert [len(history.losses) for history in first] == [1, 1]
    for shown, complete in zip(middle, whole, strict=True):
        assert shown.losses.tolist() == complete.losses[:21_000].tolist()
        assert [result.epoch for result in shown.epochs] == [0, 1]
        assert shown.clock[-1][0] <= 21_000
        assert (shown.status, shown.seconds) == (Status.RUNNING, None)
        assert recorded.is_recorded(shown)
    assert all(shown is complete for shown, complete in zip(end, whole, strict=True))
    # Everyone who sees the same state shares it.
    assert recorded.recorded_race(recorded.RACE, 0.5)[0] is middle[0]


@pytest.mark.slow
def test_a_repetition_gives_the_same_first_batches(mnist_folder: Path) -> None:
    for config in recorded.RACE:
        assert main(["verify", str(recorded.path_of(config)), "--batches", "100"]) == 0


def test_the_note_names_the_processor_if_the_receipt_has_it() -> None:
    history = recorded.recorded_race(recorded.RACE)[0]
    assert history.started
    versions = history.started.versions
    assert f"on {versions['processor']} with PyTorch {versions['torch']}" in recorded.note(history)
    (earlier, _) = recorded.recorded_race(recorded.EARLIER_RACE)
    assert "on Linux x86_64 AVX512 with PyTorch 2.13.0" in recorded.note(earlier)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_recorded_history_is_read_back_as_it_was(tmp_path: Path, activation: str) -> None:
    config = RunConfig(network="1x28x28 flatten linear16 relu linear10", activation=activation, epochs=1)
    store = RunStore(tmp_path / "store")
    store.claim(config)
    for record in train(config, datasets.load("digits")):
        store.add(config.run_id, record)
    history = Follower(store, config.run_id).read()
    assert history
    recorded.write([history], tmp_path)
    again = recorded.history_of_receipt(*read_file(recorded.path_of(config, tmp_path)))
    assert recorded.is_recorded(again)
    assert not recorded.is_recorded(history)
    assert again.losses.tolist() == history.losses.tolist()
    assert (again.epochs, again.clock) == (history.epochs, history.clock)
    assert [asdict(one) for one in again.statistics] == [asdict(one) for one in history.statistics]
    assert again.started == history.started
    assert again.seconds == history.seconds
