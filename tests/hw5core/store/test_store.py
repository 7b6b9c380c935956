"""The store keeps what it is told, across restarts, and forgets exactly what a resumed run computes again."""

import math
import os
from pathlib import Path

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, RunFinished, RunStarted
from hw5core.runs.run import Status
from hw5core.store.store import MAX_NAME, RunStore

CONFIG = RunConfig(epochs=1)
RUN = CONFIG.run_id


def _started(first_step: int = 0) -> RunStarted:
    return RunStarted(first_step, 11.0, "weights", "split", "order", {"torch": "2"})


def test_an_unknown_run_is_none(store: RunStore) -> None:
    assert store.run("0" * 16) is None


def test_what_was_told_is_there_after_a_restart(store: RunStore) -> None:
    result = EpochResult(0, 1, 2.3, 10.0, 11.0, 0.5, 0.1)
    told = [_started(), BatchLosses(0, (2.3, 2.2)), result, RunFinished(2, 0.6)]
    store.claim(CONFIG)
    for record in told:
        store.add(RUN, record)
    again = RunStore(store.path.parent)
    run = again.run(RUN)
    assert run is not None
    assert (run.config, run.status) == (CONFIG, Status.FINISHED)
    assert again.records(RUN)[0] == told


def test_reading_goes_on_from_the_cursor(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, _started())
    _, cursor = store.records(RUN)
    store.add(RUN, BatchLosses(0, (2.3,)))
    assert store.records(RUN, after=cursor)[0] == [BatchLosses(0, (2.3,))]


def test_a_resumed_run_replaces_what_it_computes_again(store: RunStore) -> None:
    store.claim(CONFIG)
    for record in (_started(), BatchLosses(0, (2.3, 2.2)), Checkpoint(2, 1.0, 1.0, b"state"), BatchLosses(2, (2.1,))):
        store.add(RUN, record)
    before = store.run(RUN)
    store.claim(CONFIG)
    assert store.checkpoint(RUN) == Checkpoint(2, 1.0, 1.0, b"state")
    store.add(RUN, _started(first_step=2))
    store.add(RUN, BatchLosses(2, (2.05, 2.0)))
    after = store.run(RUN)
    assert before is not None
    assert after is not None
    assert after.attempt == before.attempt + 1
    kept = [record for record in store.records(RUN)[0] if isinstance(record, BatchLosses)]
    assert kept == [BatchLosses(0, (2.3, 2.2)), BatchLosses(2, (2.05, 2.0))]


def test_a_failed_run_keeps_what_it_told_and_says_why(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, _started())
    store.fail(RUN, "no data")
    run = store.run(RUN)
    assert run is not None
    assert (run.status, run.message) == (Status.FAILED, "no data")
    assert len(store.records(RUN)[0]) == 1


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    with pytest.raises(StoreError, match="HW5_HOME"):
        RunStore(occupied)
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(StoreError, match="HW5_HOME"):
            RunStore(tmp_path / "new")


def test_the_newest_runs_come_first_with_their_last_epoch(store: RunStore) -> None:
    older, newer = (RunConfig(epochs=3, seed=seed) for seed in (1, 2))
    for config in (older, newer):
        store.claim(config)
    for epoch in (0, 1):
        store.add(older.run_id, EpochResult(epoch, epoch, 2.3, 10.0, 11.0 + epoch, 0.5, 0.1))
        store.add(older.run_id, BatchLosses(epoch + 1, (2.3,)))
    found = store.newest(10)
    assert [run.run_id for run, _ in found] == [newer.run_id, older.run_id]
    assert found[0][1] is None
    assert found[1][1] is not None
    assert found[1][1].test_accuracy == 12.0
    assert len(store.newest(1)) == 1


def test_the_first_guess_of_each_person_counts(store: RunStore) -> None:
    store.guess("race", "one", 10.0)
    store.guess("race", "one", 20.0)
    store.guess("race", "two", -5.0)
    assert store.guesses("race") == {"one": 10.0, "two": -5.0}
    assert store.guesses("other") == {}


def test_a_name_is_plain_text_on_one_line_and_goes_with_its_run(store: RunStore) -> None:
    store.claim(CONFIG, owner="mine")

    def named(name: str) -> str:
        store.rename(RUN, name)
        run = store.run(RUN)
        assert run is not None
        return run.name

    assert named(" Monday's\n class\x00\u202e ") == "Monday's class"
    assert named("<script>alert(1)</script>") == "<script>alert(1)</script>"
    assert named("ü" * 1000) == "ü" * MAX_NAME
    assert named("'; DROP TABLE runs; --") == "'; DROP TABLE runs; --"
    assert RunStore(store.folder).run(RUN) == store.run(RUN)
    assert named("") == ""


def test_whoever_began_a_run_owns_it(store: RunStore) -> None:
    store.claim(CONFIG, owner="mine")
    assert store.owned("mine") == {RUN}
    assert store.owned("yours") == set()


def test_a_run_that_has_diverged_is_listed_and_read_like_any_other(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, BatchLosses(0, (2.3, math.nan), (2.3, math.nan), (1, 1)))
    store.add(RUN, EpochResult(0, 1, math.nan, 10.0, 11.0, 0.5, 0.1))
    (_, result), *_ = store.newest(1)
    assert result is not None
    assert result.test_accuracy == 11.0
    (losses, _), _ = store.records(RUN, lean=True)
    assert isinstance(losses, BatchLosses)
    assert math.isnan(losses.losses[1])
