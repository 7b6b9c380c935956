"""The store keeps what workers report, across restarts, and replaces exactly what a resumed run computes again."""

import math
from dataclasses import replace

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.records import (
    MAX_EARLY_BYTES,
    BatchLosses,
    Checkpoint,
    EpochResult,
    Record,
    RunFinished,
    RunStarted,
    encode,
)
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import MAX_NAME, RunStore

CONFIG = RunConfig(epochs=1)
RUN = CONFIG.run_id


def _started(first_step: int = 0) -> RunStarted:
    return RunStarted(first_step, 11.0, "weights", "split", "order", {"torch": "2"})


def test_an_unknown_run_is_none(store: RunStore) -> None:
    assert store.run("0" * 16) is None


@pytest.mark.parametrize("encoded", [False, True])
def test_records_are_there_after_a_restart(store: RunStore, encoded: bool) -> None:
    result = EpochResult(0, 1, 2.3, 10.0, 11.0, 0.5, 0.1)
    records: list[Record] = [_started(), BatchLosses(0, (2.3, 2.2)), result, RunFinished(2, 0.6)]
    store.claim(CONFIG)
    for record in records:
        store.add(RUN, encode(record) if encoded else record)
    again = RunStore(store.path.parent)
    run = again.run(RUN)
    assert run is not None
    assert (run.config, run.status) == (CONFIG, Status.FINISHED)
    assert again.records(RUN)[0] == records


def test_reading_continues_at_the_cursor(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, _started())
    _, cursor = store.records(RUN)
    store.add(RUN, BatchLosses(0, (2.3,)))
    assert store.records(RUN, after=cursor)[0] == [BatchLosses(0, (2.3,))]


def test_a_resumed_run_replaces_the_records_that_it_computes_again(store: RunStore) -> None:
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
    losses = [record for record in store.records(RUN)[0] if isinstance(record, BatchLosses)]
    assert losses == [BatchLosses(0, (2.3, 2.2)), BatchLosses(2, (2.05, 2.0))]


def test_a_late_record_of_a_deleted_run_is_not_added_to_the_next_run_of_the_same_config(store: RunStore) -> None:
    store.claim(CONFIG)
    deleted = store.run(RUN)
    assert deleted is not None
    store.delete(RUN)
    assert store.add(RUN, _started(), deleted.created) is None
    store.claim(CONFIG)
    assert store.add(RUN, _started(), deleted.created) is None
    assert store.records(RUN)[0] == []


def test_a_failed_run_keeps_its_records_and_the_reason(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, _started())
    store.fail(RUN, "no data")
    run = store.run(RUN)
    assert run is not None
    assert (run.status, run.message) == (Status.FAILED, "no data")
    assert len(store.records(RUN)[0]) == 1


def test_the_newest_runs_come_first_with_their_last_epoch(store: RunStore) -> None:
    older, newer = (RunConfig(epochs=3, seed=seed) for seed in (1, 2))
    for config in (older, newer):
        store.claim(config)
    for epoch in (0, 1):
        store.add(older.run_id, EpochResult(epoch, epoch, 2.3, 10.0, 11.0 + epoch, 0.5, 0.1))
        store.add(older.run_id, BatchLosses(epoch + 1, (2.3,)))
    listed = store.newest(10)
    assert [run.run_id for run, _ in listed] == [newer.run_id, older.run_id]
    assert listed[0][1] is None
    assert listed[1][1] is not None
    assert listed[1][1].test_accuracy == 12.0
    assert len(store.newest(1)) == 1


def test_only_the_first_guess_of_each_user_counts(store: RunStore) -> None:
    store.guess("race", "one", 10.0)
    store.guess("race", "one", 20.0)
    store.guess("race", "two", -5.0)
    assert store.guesses("race") == {"one": 10.0, "two": -5.0}
    assert store.guesses("other") == {}


def test_a_name_is_one_line_of_plain_text_and_is_stored_with_its_run(store: RunStore) -> None:
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


def test_the_user_who_starts_a_run_owns_it(store: RunStore) -> None:
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
    history = Follower(store, RUN, lean=True).read()
    assert history is not None
    assert math.isnan(history.losses[1])
    assert len(history.examples) == 0


def test_every_epochs_checkpoint_is_kept_while_there_is_space(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.store.checkpoints.MAX_CHECKPOINT_BYTES", 1000)

    def epochs_with_checkpoint(config: RunConfig, size: int) -> list[int]:
        store.claim(config)
        for epoch in range(config.epochs):
            end = (epoch + 1) * config.steps_per_epoch
            store.add(config.run_id, Checkpoint(end - 1, 1.0, 1.0, bytes(size)))
            store.add(config.run_id, Checkpoint(end, 1.0, 1.0, bytes(size), epoch))
        assert store.checkpoint(config.run_id) == Checkpoint(end, 1.0, 1.0, bytes(size), config.epochs - 1)
        return store.forkable_epochs(config.run_id)

    assert epochs_with_checkpoint(replace(CONFIG, epochs=5), 200) == [0, 1, 2, 3, 4]
    # There is space for two of these: every third of the five, and the newest.
    assert epochs_with_checkpoint(replace(CONFIG, epochs=5, seed=1), 500) == [2, 4]


def test_early_checkpoints_are_kept_while_they_are_small(store: RunStore) -> None:
    config = replace(CONFIG, epochs=2)
    ends = [config.steps_per_epoch, 2 * config.steps_per_epoch]
    for own, size in ((config, 1_000), (replace(config, seed=1), 2 * MAX_EARLY_BYTES + 1)):
        store.claim(own)
        for step in (5, 10, 50, 100, ends[0] - 1):
            store.add(own.run_id, Checkpoint(step, 1.0, 1.0, bytes(size)))
            assert store.checkpoint(own.run_id).step == step
        for epoch, end in enumerate(ends):
            store.add(own.run_id, Checkpoint(end, 1.0, 1.0, bytes(1_000), epoch))
        is_small = size == 1_000
        assert store.kept_steps(own.run_id) == ([10, 100] if is_small else []) + ends
        assert store.forkable_epochs(own.run_id) == [0, 1]
        assert store.checkpoint_at(own.run_id, 10) == (Checkpoint(10, 1.0, 1.0, bytes(size)) if is_small else None)
        assert store.checkpoint_at(own.run_id, 50) is None


def test_a_batch_is_found_in_the_record_that_holds_it(store: RunStore) -> None:
    store.claim(CONFIG)
    first, second = BatchLosses(0, (2.3, 2.2), (2.4,), (1,)), BatchLosses(2, (2.1,))
    for record in (_started(), first, EpochResult(0, 1, 2.3, 10.0, 11.0, 0.5, 0.1), second):
        store.add(RUN, record)
    assert [store.losses_of_batch(RUN, step) for step in range(4)] == [first, first, second, None]
