"""Damage that SQLite does not notice: the damaged run is set aside and can start again, and all others are kept."""

import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hw5core.errors import DamagedFileError, NoCheckpointError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, Record, RunFinished, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.store import RunStore
from hw5core.store.summaries import Summaries
from hw5core.store.tables import Cursor

CONFIG = RunConfig(epochs=2)
OTHER = replace(CONFIG, seed=1)
FORK = fork(CONFIG, 0, "sigmoid", 0.02)
RUN = CONFIG.run_id
STEPS = CONFIG.steps_per_epoch


def _records(config: RunConfig, loss: float = 2.25) -> list[Record]:
    first, last = config.first_step, config.total_steps
    epochs = range(first // STEPS, config.epochs)
    records: list[Record] = [RunStarted(first, 11.0, "weights", "split", "order", {"torch": "2"})]
    for epoch in epochs:
        start = epoch * STEPS
        records += [
            BatchLosses(start, (loss,) * STEPS, (loss + 0.5,) * 5 * STEPS, (1,) * 5 * STEPS, 1.0 + epoch),
            EpochResult(epoch, start + STEPS - 1, 0.5, 90.0, 91.0 + epoch, 1.0, 0.1),
            Checkpoint(start + STEPS, 1.0 + epoch, 1.0, b"state %d " % epoch * 2000, epoch),
        ]
    return [*records, RunFinished(last, 2.5)]


def _without_checkpoints(config: RunConfig) -> list[Record]:
    return [record for record in _records(config) if not isinstance(record, Checkpoint)]


@pytest.fixture
def filled(store: RunStore) -> RunStore:
    """Return a store with two finished runs and a fork of the first."""
    for config in (CONFIG, OTHER, FORK):
        store.claim(config, owner="mine")
        for record in _records(config):
            store.add(config.run_id, record)
    store.guess("race", "mine", 40.0)
    return store


def _change(store: RunStore, query: str, *values: Any) -> None:
    with closing(sqlite3.connect(store.path)) as database, database:
        assert database.execute(query, values).rowcount


def _rows(store: RunStore, run_id: str) -> list[int]:
    with closing(sqlite3.connect(store.path)) as database:
        counts = (f"SELECT count(*) FROM {table} WHERE run_id = ?" for table in ("runs", "records", "checkpoints"))
        return [database.execute(count, (run_id,)).fetchone()[0] for count in counts]


DAMAGES = {
    "a letter of a setting": "UPDATE runs SET config = replace(config, 'epochs', 'epocgs') WHERE run_id = ?",
    "a digit of a setting": """UPDATE runs SET config = replace(config, '"seed": 0', '"seed": 4') WHERE run_id = ?""",
    "settings that are no text": "UPDATE runs SET config = x'ff00fe' WHERE run_id = ?",
    "a letter of the status": "UPDATE runs SET status = 'finisied' WHERE run_id = ?",
    "another status": "UPDATE runs SET status = 'stopped' WHERE run_id = ?",
    "the time of creation": "UPDATE runs SET created = created + 1 WHERE run_id = ?",
    "a type": "UPDATE runs SET created = 'x' WHERE run_id = ?",
    "a digit of a loss": "UPDATE records SET body = replace(body, '2.25', '2.35') WHERE run_id = ?",
    "a digit of a result": "UPDATE records SET body = replace(body, '91.0', '97.0') WHERE position > 0 AND run_id = ?",
    "a record that is no text": "UPDATE records SET body = x'ff' WHERE kind = 'EpochResult' AND run_id = ?",
    "the kind of a record": "UPDATE records SET kind = 'EpochResuls' WHERE kind = 'EpochResult' AND run_id = ?",
    "the position of a record": "UPDATE records SET position = position + 1 WHERE run_id = ?",
    "the order of records": "UPDATE records SET number = 1000 - number WHERE kind = 'BatchLosses' AND run_id = ?",
    "a record of another run": f"UPDATE records SET run_id = ? WHERE position < 0 AND run_id = '{OTHER.run_id}'",
    "a missing record in the middle": "DELETE FROM records WHERE kind = 'BatchLosses' AND position > 0 AND run_id = ?",
    "a missing record at the end": "DELETE FROM records WHERE kind = 'RunFinished' AND run_id = ?",
    "all records missing": "DELETE FROM records WHERE run_id = ?",
    "a record twice": "INSERT INTO records SELECT number + 1000, run_id, position, kind, images_checksum, checksum, "
    "body, images FROM records WHERE kind = 'EpochResult' AND run_id = ?",
    "a checksum": "UPDATE records SET checksum = 'x' WHERE kind = 'RunFinished' AND run_id = ?",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_set_aside_and_can_be_started_again(filled: RunStore, damage: str) -> None:
    _change(filled, DAMAGES[damage], RUN)
    lost = {RUN, OTHER.run_id} if damage == "a record of another run" else {RUN}
    kept = [config for config in (OTHER, FORK) if config.run_id not in lost]
    rows = _rows(filled, RUN)
    read = {one.run.run_id for one in Summaries(filled).read(9).summaries}
    assert read == {config.run_id for config in kept}
    assert GroupFollower(filled, [RUN, FORK.run_id]).read().keys() == {FORK.run_id}
    assert filled.run(RUN) is None
    assert {one.run_id for one in filled.damages()} == lost
    for config in kept:
        assert filled.records(config.run_id)[0] == _without_checkpoints(config)
    # Nothing is lost: the rows are there, under another id.
    with closing(sqlite3.connect(filled.path)) as database:
        ids = [run_id for (run_id,) in database.execute("SELECT run_id FROM damages")]
    assert rows in [_rows(filled, run_id) for run_id in ids]
    # A restart does not change that, and neither does eviction.
    again = RunStore(filled.folder)
    assert not again.notice
    again.make_room(0)
    assert rows in [_rows(again, run_id) for run_id in ids]
    assert again.claim(CONFIG, owner="yours")
    assert RUN not in {one.run_id for one in again.damages()}
    for record in _records(CONFIG):
        again.add(RUN, record)
    assert again.records(RUN)[0] == _without_checkpoints(CONFIG)
    assert again.owners(RUN) == {"yours"}


def test_a_run_that_is_damaged_again_has_the_last_damage(filled: RunStore) -> None:
    _change(filled, DAMAGES["all records missing"], RUN)
    assert filled.run(RUN) is not None
    assert filled.records(RUN)[0] == []
    (first,) = filled.damages()
    filled.claim(CONFIG)
    _change(filled, "UPDATE runs SET status = 'paused' WHERE run_id = ?", RUN)
    assert filled.run(RUN) is None
    (last,) = filled.damages()
    assert (last.run_id, last.what) == (RUN, "its settings, its status or its name are damaged")
    assert last.what != first.what


def test_damages_can_be_read_while_others_are_found(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: Any) -> None:
        raise DamagedFileError("the file is damaged")

    monkeypatch.setattr("hw5core.store.tables.updates", damaged)
    ids = [f"run {number}" for number in range(1500)]

    def find() -> None:
        for run_id in ids:
            store.updates(run_id, Cursor(), True)

    finding = threading.Thread(target=find)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # let the threads take turns all the time
    try:
        finding.start()
        while finding.is_alive():
            store.damages()
    finally:
        finding.join()
        sys.setswitchinterval(before)
    assert [one.run_id for one in store.damages()] == ids


def test_a_run_whose_own_row_is_gone_is_started_again_without_its_old_records(filled: RunStore) -> None:
    _change(filled, "DELETE FROM runs WHERE run_id = ?", RUN)
    assert filled.run(RUN) is None
    rows = _rows(filled, RUN)
    assert filled.claim(CONFIG)
    assert filled.records(RUN)[0] == []
    assert _rows(filled, f"damaged 1 {RUN}") == rows


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.rename(RUN, "new"),
        lambda store: store.halt(RUN, Status.STOPPED),
        lambda store: store.fail(RUN, "reason"),
        lambda store: store.add(RUN, BatchLosses(0, (1.0,))),
        lambda store: store.delete(RUN),
        lambda store: store.keep([RUN, OTHER.run_id]),
    ],
)
def test_no_action_makes_a_damaged_run_look_intact(filled: RunStore, change: Any) -> None:
    _change(filled, "UPDATE runs SET status = 'paused' WHERE run_id = ?", RUN)
    change(filled)
    assert filled.run(RUN) is None
    assert [one.run_id for one in filled.damages([RUN])] == [RUN]


def test_a_follower_notices_that_old_and_new_records_do_not_fit(store: RunStore) -> None:
    store.claim(CONFIG)
    store.add(RUN, BatchLosses(0, (2.25,)))
    follower = Follower(store, RUN, lean=True)
    assert follower.read() is not None
    store.add(RUN, BatchLosses(1, (2.0,)))
    store.add(RUN, BatchLosses(2, (1.5,)))
    _change(store, "DELETE FROM records WHERE position = 1")
    assert follower.read() is None
    assert [one.run_id for one in store.damages()] == [RUN]


def test_a_damaged_index_costs_no_run(filled: RunStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled.path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'records_of_run'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # move the log into the file
    content = filled.path.read_bytes()
    at = content.index(RUN.encode(), (page - 1) * size, page * size)
    with filled.path.open("r+b") as file:
        file.seek(at)
        file.write(b"x")
    assert Follower(filled, RUN, lean=True).read() is None
    assert ["index" in one.what for one in filled.damages()] == [True]
    assert _rows(filled, f"damaged 1 {RUN}") == [0, 0, 0]
    # A restart repairs the index.
    shutil.copytree(filled.folder, tmp_path / "restarted")
    again = RunStore(tmp_path / "restarted")
    assert "3 of the 3 runs" in again.notice
    for config in (CONFIG, OTHER, FORK):
        assert again.records(config.run_id)[0] == _without_checkpoints(config)
    assert not again.damages()


def test_damaged_losses_of_single_images_do_not_hide_the_curves(filled: RunStore) -> None:
    _change(
        filled, "UPDATE records SET images = replace(images, '2.75', '2.85') WHERE position = 0 AND run_id = ?", RUN
    )
    lean = Follower(filled, RUN, lean=True).read()
    assert lean is not None
    assert lean.losses.tolist() == [2.25] * CONFIG.total_steps
    with pytest.raises(StoreError, match="single images"):
        Follower(filled, RUN).read()
    with pytest.raises(StoreError, match="single images"):
        filled.losses_of_batch(RUN, 3)
    assert filled.losses_of_batch(RUN, STEPS) is not None
    assert filled.run(RUN) is not None


@pytest.mark.parametrize("damage", ["state = x'00'", "epoch = 7", "seconds = seconds + 1", "state = 'text'"])
def test_a_run_continues_from_the_newest_checkpoint_that_is_intact(filled: RunStore, damage: str) -> None:
    _change(filled, f"UPDATE checkpoints SET {damage} WHERE step = ? AND run_id = ?", 2 * STEPS, RUN)
    checkpoint = filled.checkpoint(RUN)
    assert checkpoint is not None
    assert (checkpoint.step, checkpoint.epoch, checkpoint.state) == (STEPS, 0, b"state 0 " * 2000)
    assert 7 not in filled.forkable_epochs(RUN)


def test_a_fork_without_its_first_checkpoint_gets_it_from_its_parent_even_if_that_is_set_aside(
    filled: RunStore,
) -> None:
    _change(filled, "UPDATE runs SET config = 'x' WHERE run_id = ?", RUN)
    assert filled.run(RUN) is None
    # The existing fork does not need its parent.
    assert filled.records(FORK.run_id)[0] == _without_checkpoints(FORK)
    another = fork(CONFIG, 0, "tanh", 0.02)
    assert filled.claim(another)
    first = filled.checkpoint(another.run_id)
    assert first is not None
    assert (first.step, first.state) == (STEPS, b"state 0 " * 2000)
    _change(filled, "UPDATE checkpoints SET state = x'00' WHERE run_id = ?", another.run_id)
    # It never starts from initial weights instead.
    with pytest.raises(NoCheckpointError, match="Start the run again"):
        filled.checkpoint(another.run_id)
    assert filled.claim(another)
    assert filled.checkpoint(another.run_id) == first


def test_a_damaged_guess_is_ignored(filled: RunStore) -> None:
    filled.guess("race", "yours", 20.0)
    _change(filled, "UPDATE guesses SET lead = 4e10 WHERE owner = 'mine'")
    assert filled.guesses("race") == {"yours": 20.0}
