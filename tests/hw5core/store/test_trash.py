"""A deletion can be undone for a minute, also after a restart, and everybody can see that it happened."""

import sqlite3
import time
from contextlib import closing

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.store.trash import BY_OWNER, FOR_SPACE, UNDO_SECONDS
from tests.hw5core.store.old_stores import make_older

CONFIG = RunConfig(epochs=1)
RECORDS = [
    RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
    BatchLosses(0, (2.3, 2.2)),
    EpochResult(0, 1, 0.5, 90.0, 91.0, 1.0, 0.1),
]


@pytest.fixture
def kept(store: RunStore) -> RunStore:
    """Return a store with a run of "mine"."""
    store.claim(CONFIG, "server", "mine")
    for record in (*RECORDS, Checkpoint(2, 1.0, 1.0, b"state", 0)):
        store.add(CONFIG.run_id, record)
    return store


def _wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def _is_gone(store: RunStore) -> bool:
    return (
        store.run(CONFIG.run_id) is None
        and not store.newest(9)
        and not store.owned("mine")
        and not store.owned("lecturer")
        and not store.stamps([CONFIG.run_id])
        and store.checkpoint(CONFIG.run_id) is None
    )


def test_a_deleted_run_comes_back_with_every_number_also_after_a_restart(kept: RunStore) -> None:
    follower = Follower(kept, CONFIG.run_id)
    assert follower.read() is not None
    kept.delete(CONFIG.run_id)
    assert _is_gone(kept)
    assert follower.read() is None
    (deletion,) = kept.deletions([CONFIG.run_id])
    assert (deletion.reason, deletion.owners, deletion.is_final) == (BY_OWNER, {"mine"}, False)
    restarted = RunStore(kept.folder)
    assert restarted.restore(CONFIG.run_id)
    assert restarted.records(CONFIG.run_id)[0] == RECORDS
    assert restarted.checkpoint(CONFIG.run_id) is not None
    assert restarted.owners(CONFIG.run_id) == {"mine"}
    assert not restarted.deletions([CONFIG.run_id])
    history = follower.read()
    assert history is not None
    # It was running. Nobody continues it without being asked.
    assert (history.status, history.losses.tolist()) == (Status.STOPPED, [2.3, 2.2])


@pytest.mark.parametrize("jump", [UNDO_SECONDS + 1, -UNDO_SECONDS - 1])
def test_after_a_minute_the_deletion_is_final(kept: RunStore, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    kept.delete(CONFIG.run_id)
    assert kept.purge()
    (deletion,) = kept.deletions([CONFIG.run_id])
    monkeypatch.setattr(time, "time", lambda: deletion.at + jump)
    (deletion,) = kept.deletions([CONFIG.run_id])
    assert deletion.is_final
    assert not kept.restore(CONFIG.run_id)
    RunStore(kept.folder)
    with closing(sqlite3.connect(kept.path)) as database:
        tables = ("runs", "records", "checkpoints", "owners")
        assert [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables] == [0] * 4
    assert _is_gone(kept)
    # It is still known that the run was deleted.
    assert kept.deletions([CONFIG.run_id])


def test_a_run_that_was_started_again_is_not_replaced_by_the_deleted_one(kept: RunStore) -> None:
    kept.delete(CONFIG.run_id)
    kept.claim(CONFIG, "server", "yours")
    assert not kept.deletions([CONFIG.run_id])
    assert not kept.restore(CONFIG.run_id)
    assert kept.records(CONFIG.run_id)[0] == []
    assert kept.owners(CONFIG.run_id) == {"yours"}
    kept.delete(CONFIG.run_id)
    assert kept.restore(CONFIG.run_id)
    assert kept.owners(CONFIG.run_id) == {"yours"}


def test_a_run_that_was_deleted_to_make_room_is_remembered_with_the_reason(kept: RunStore) -> None:
    kept.halt(CONFIG.run_id, Status.STOPPED)
    kept.make_room(0)
    (deletion,) = kept.deletions([CONFIG.run_id, "0" * 16])
    assert (deletion.reason, deletion.is_final) == (FOR_SPACE, True)


def test_a_store_without_deletions_is_migrated(kept: RunStore) -> None:
    make_older(kept.path, 4)
    store = RunStore(kept.folder)
    assert store.records(CONFIG.run_id)[0] == RECORDS
    store.delete(CONFIG.run_id)
    assert store.restore(CONFIG.run_id)
