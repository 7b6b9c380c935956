"""A store's file that is damaged, old, new, foreign or on a full disk: a clear sentence, and nothing intact is lost."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, Record, RunFinished, RunStarted, encode
from hw5core.runs.run import Status
from hw5core.store import file as storefile
from hw5core.store.presence import Presence, is_alive
from hw5core.store.store import PAUSE_HELD_SECONDS, RunStore

CONFIG = RunConfig(epochs=1)
STORY: list[Record] = [
    RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
    BatchLosses(0, (2.3,) * CONFIG.total_steps, (2.3,) * CONFIG.images_per_epoch),
    RunFinished(CONFIG.total_steps, 0.6),
]


def _fill(store: RunStore, config: RunConfig, story: list[Record] = STORY) -> None:
    store.claim(config)
    for record in story:
        store.add(config.run_id, record)


def _page_full_of(path: Path, text: bytes) -> tuple[int, int]:
    """Where in the file the page begins that holds the text most often, and the size of a page."""
    with closing(sqlite3.connect(path)) as database:
        size = database.execute("PRAGMA page_size").fetchone()[0]
    content = path.read_bytes()
    return max(range(0, len(content), size), key=lambda at: content[at : at + size].count(text)), size


def _settle(path: Path) -> None:
    """Bring all of the write-ahead log into the file itself."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_bytes(b"not a database, " * 1000)
    store = RunStore(tmp_path)
    (aside,) = tmp_path.glob("runs.sqlite.damaged-*")
    assert aside.read_bytes() == b"not a database, " * 1000
    assert str(aside) in store.notice
    _fill(store, CONFIG)
    again = RunStore(tmp_path)
    assert again.notice == ""
    assert again.records(CONFIG.run_id)[0] == STORY


def test_of_a_damaged_file_every_intact_run_is_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    stories = {}
    for seed in range(4):
        config = replace(CONFIG, seed=seed)
        losses = BatchLosses(0, (seed + 0.25,) * CONFIG.total_steps, (seed + 0.25,) * CONFIG.images_per_epoch)
        stories[config.run_id] = [STORY[0], losses, STORY[2]]
        _fill(store, config, stories[config.run_id])
        store.rename(config.run_id, f"number {seed}")
    store.guess("a race", "a student", 40.0)
    # A bad sector amid the losses of one run.
    _settle(store.path)
    page, size = _page_full_of(store.path, b"1.25, ")
    with store.path.open("r+b") as file:
        file.seek(page)
        file.write(b"\xff" * size)
    again = RunStore(tmp_path)
    assert "3 of the 4 runs" in again.notice
    del stories[replace(CONFIG, seed=1).run_id]
    for run_id, story in stories.items():
        assert again.records(run_id)[0] == story
    assert {run.name for run, _ in again.newest(9)} == {"number 0", "number 2", "number 3"}
    assert again.guesses("a race") == {"a student": 40.0}
    assert [path.name in again.notice for path in tmp_path.glob("*.damaged-*[0-9]")] == [True]


def test_a_store_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    old_config = {name: value for name, value in asdict(CONFIG).items() if name not in _NEW_SETTINGS}
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as database, database:
        for statement in _VERSION_1:
            database.execute(statement)
        database.execute(
            "INSERT INTO runs VALUES (?, ?, 'running', '', 1, 123.0)", (CONFIG.run_id, json.dumps(old_config))
        )
        started = json.dumps(encode(STORY[0]))
        losses = json.dumps({"kind": "BatchLosses", "first_step": 0, "losses": [2.3, 2.2]})
        for position, body in ((-1, started), (0, losses)):
            database.execute(
                "INSERT INTO records (run_id, position, body) VALUES (?, ?, ?)", (CONFIG.run_id, position, body)
            )
        database.execute("INSERT INTO checkpoints VALUES (?, 2, 1.0, 1.0, ?)", (CONFIG.run_id, b"state"))
    store = RunStore(tmp_path)
    run = store.run(CONFIG.run_id)
    assert run is not None
    assert (run.config, run.status, run.created) == (CONFIG, Status.RUNNING, 123.0)
    assert store.records(CONFIG.run_id)[0] == [STORY[0], BatchLosses(0, (2.3, 2.2))]
    assert store.checkpoint(CONFIG.run_id) == Checkpoint(2, 1.0, 1.0, b"state")
    assert store.claim(CONFIG, "a server", "me"), "an unfinished run of no living server goes on"
    assert RunStore(tmp_path).owners(CONFIG.run_id) == set()


def test_a_store_of_version_2_is_brought_up_to_date(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    _fill(store, CONFIG)
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("ALTER TABLE runs DROP COLUMN name")
        database.execute("PRAGMA user_version=2")
    again = RunStore(tmp_path)
    assert again.records(CONFIG.run_id)[0] == STORY
    again.rename(CONFIG.run_id, "the first")
    assert [run.name for run, _ in RunStore(tmp_path).newest(9)] == ["the first"]


_NEW_SETTINGS = ("initialisation", "training_images")
_VERSION_1 = (
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL)""",
    """CREATE TABLE records (
        number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, position INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE INDEX records_of_run ON records (run_id, number)",
    """CREATE TABLE checkpoints (
        run_id TEXT PRIMARY KEY, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
        state BLOB NOT NULL)""",
    "PRAGMA user_version=1",
)


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = RunStore(tmp_path).path
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version={storefile.VERSION + 1}")
    with pytest.raises(StoreError, match="newer version"):
        RunStore(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))


def test_someone_elses_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="something else"):
        RunStore(tmp_path)


@contextmanager
def _disk_of(pages: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite's own limit on a file's size ends in the very error that a full disk gives."""
    connect = sqlite3.connect

    def connect_to_small_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        database.execute(f"PRAGMA max_page_count={pages}")
        return database

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_to_small_disk)
        yield


def test_a_full_disk_is_a_sentence_and_what_was_kept_stays(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(store, CONFIG, STORY[:1])
    large = Checkpoint(2, 1.0, 1.0, bytes(1_000_000))
    with _disk_of(20, monkeypatch), pytest.raises(StoreError, match="the disk is full"):
        store.add(CONFIG.run_id, large)
    assert store.records(CONFIG.run_id)[0] == STORY[:1]
    store.add(CONFIG.run_id, large)
    assert store.checkpoint(CONFIG.run_id) == large


def test_a_deleted_file_is_a_sentence(store: RunStore) -> None:
    for path in store.folder.glob("runs.sqlite*"):
        path.unlink()
    with pytest.raises(StoreError, match="Start the app again"):
        store.run(CONFIG.run_id)


def test_every_epochs_checkpoint_is_kept_while_there_is_room(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.store.store.MAX_KEPT_BYTES", 1000)

    def kept(config: RunConfig, size: int) -> list[int]:
        store.claim(config)
        for epoch in range(config.epochs):
            end = (epoch + 1) * config.steps_per_epoch
            store.add(config.run_id, Checkpoint(end - 1, 1.0, 1.0, bytes(size)))
            store.add(config.run_id, Checkpoint(end, 1.0, 1.0, bytes(size), epoch))
        with closing(sqlite3.connect(store.path)) as database:
            query = "SELECT epoch FROM checkpoints WHERE run_id = ? ORDER BY step"
            return [epoch for (epoch,) in database.execute(query, (config.run_id,))]

    assert kept(replace(CONFIG, epochs=5), 200) == [0, 1, 2, 3, 4]
    # Room for two of these: every third of five, and the newest.
    assert kept(replace(CONFIG, epochs=5, seed=1), 500) == [2, 4]


def test_a_presence_ends_with_close_and_is_then_cleaned_up(tmp_path: Path) -> None:
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert is_alive(tmp_path, one.token)
    assert is_alive(tmp_path, other.token)
    one.close()
    assert not is_alive(tmp_path, one.token)
    assert is_alive(tmp_path, other.token)
    assert not is_alive(tmp_path, "")


def test_a_pause_holds_against_others_but_not_for_ever(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.claim(CONFIG, owner="mine")
    store.halt(CONFIG.run_id, Status.PAUSED)
    assert not store.claim(CONFIG, owner="yours")
    run = store.run(CONFIG.run_id)
    assert run is not None
    monkeypatch.setattr("time.time", lambda: run.changed + PAUSE_HELD_SECONDS + 1)
    assert store.claim(CONFIG, owner="yours")
    assert store.owners(CONFIG.run_id) == {"mine", "yours"}
