"""Opening a store: a damaged file is set aside, its intact runs are kept, and every refusal is a clear sentence."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, Record, RunFinished, RunStarted
from hw5core.store.store import RunStore
from tests.hw5core.store.old_stores import write_old_store

CONFIG = RunConfig(epochs=1)


def _records(loss: float = 2.3) -> list[Record]:
    return [
        RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
        BatchLosses(0, (loss,) * CONFIG.total_steps, (loss,) * CONFIG.images_per_epoch),
        RunFinished(CONFIG.total_steps, 0.6),
    ]


def _fill(store: RunStore, config: RunConfig, records: list[Record]) -> None:
    store.claim(config)
    for record in records:
        store.add(config.run_id, record)


def _overwrite_page_with(path: Path, text: bytes) -> None:
    """Overwrite the page that holds the text most often, as a bad sector of a disk would."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # move the log into the file
        size = database.execute("PRAGMA page_size").fetchone()[0]
    content = path.read_bytes()
    page = max(range(0, len(content), size), key=lambda start: content[start : start + size].count(text))
    with path.open("r+b") as file:
        file.seek(page)
        file.write(b"\xff" * size)


def test_a_file_that_is_no_database_is_set_aside_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_bytes(b"not a database, " * 1000)
    store = RunStore(tmp_path)
    (aside,) = tmp_path.glob("runs.sqlite.damaged-*")
    assert aside.read_bytes() == b"not a database, " * 1000
    assert str(aside) in store.notice
    _fill(store, CONFIG, _records())
    again = RunStore(tmp_path)
    assert again.notice == ""
    assert again.records(CONFIG.run_id)[0] == _records()


def test_every_intact_run_of_a_damaged_file_is_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    configs = [replace(CONFIG, seed=seed) for seed in range(4)]
    for config in configs:
        _fill(store, config, _records(config.seed + 0.25))
        store.rename(config.run_id, f"number {config.seed}")
    store.guess("a race", "a student", 40.0)
    _overwrite_page_with(store.path, b"1.25, ")
    again = RunStore(tmp_path)
    assert "3 of the 4 runs" in again.notice
    for config in (configs[0], configs[2], configs[3]):
        assert again.records(config.run_id)[0] == _records(config.seed + 0.25)
    assert {run.name for run, _ in again.newest(9)} == {"number 0", "number 2", "number 3"}
    assert again.guesses("a race") == {"a student": 40.0}
    assert [path.name in again.notice for path in tmp_path.glob("*.damaged-*[0-9]")] == [True]


def _write_damaged_old_store(path: Path, version: int, body: str | None = None) -> None:
    """Write a store of an earlier version with a damaged page. `body` replaces that of the run's last record."""
    write_old_store(path, version, CONFIG, "finished", _records())
    with closing(sqlite3.connect(path)) as database, database:
        if body is not None:
            database.execute("UPDATE records SET body = ? WHERE number = (SELECT max(number) FROM records)", (body,))
        database.execute("CREATE TABLE other (text)")
        database.executemany("INSERT INTO other VALUES (?)", [("damage " * 100,)] * 30)
    _overwrite_page_with(path, b"damage")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_the_runs_of_a_damaged_file_of_an_earlier_version_are_kept(tmp_path: Path, version: int) -> None:
    _write_damaged_old_store(tmp_path / "runs.sqlite", version)
    store = RunStore(tmp_path)
    assert "1 of the 1 runs" in store.notice
    assert store.records(CONFIG.run_id)[0] == _records()


@pytest.mark.parametrize("version", [1, 3, 5])
@pytest.mark.parametrize(
    "body",
    ["no JSON", "[]", '"text"', '{"steps": 9}', '{"kind": []}', '{"kind": "LayerStatistics", "step": 1, "outputs": 2}'],
)
def test_a_damaged_record_in_a_damaged_file_of_an_earlier_version_costs_its_run(
    tmp_path: Path, version: int, body: str
) -> None:
    _write_damaged_old_store(tmp_path / "runs.sqlite", version, body)
    store = RunStore(tmp_path)
    assert "0 of the 1 runs" in store.notice
    assert store.run(CONFIG.run_id) is None
    assert [one.run_id for one in store.damages()] == [CONFIG.run_id]
    assert store.claim(CONFIG)


@contextmanager
def _disk_of(pages: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Limit the size of the file: SQLite raises the same error as on a full disk."""
    connect = sqlite3.connect

    def connect_to_small_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        database.execute(f"PRAGMA max_page_count={pages}")
        return database

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_to_small_disk)
        yield


def test_a_full_disk_is_a_sentence_and_everything_stored_stays(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(store, CONFIG, _records()[:1])
    large = Checkpoint(2, 1.0, 1.0, bytes(1_000_000))
    with _disk_of(20, monkeypatch), pytest.raises(StoreError, match="the disk is full"):
        store.add(CONFIG.run_id, large)
    assert store.records(CONFIG.run_id)[0] == _records()[:1]
    store.add(CONFIG.run_id, large)
    assert store.checkpoint(CONFIG.run_id) == large


def test_a_deleted_file_is_a_sentence(store: RunStore) -> None:
    for path in store.folder.glob("runs.sqlite*"):
        path.unlink()
    with pytest.raises(StoreError, match="Start the app again"):
        store.run(CONFIG.run_id)


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    with pytest.raises(StoreError, match="HW5_HOME"):
        RunStore(occupied)
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(StoreError, match="HW5_HOME"):
            RunStore(tmp_path / "new")
