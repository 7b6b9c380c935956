"""A log that is damaged or missing, an empty file, files and folders in unexpected places: always a message, nothing is
overwritten, and every run that can be read is kept."""

import gc
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Record, RunFinished, RunStarted
from hw5core.store.presence import Presence
from hw5core.store.store import RunStore

CONFIGS = [replace(RunConfig(epochs=1), seed=seed) for seed in range(4)]
IDS = [config.run_id for config in CONFIGS]


def _records(config: RunConfig) -> list[Record]:
    losses = (config.seed + 0.25,) * config.total_steps
    return [
        RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
        BatchLosses(0, losses, losses * 5, (1,) * len(losses) * 5),
        RunFinished(config.total_steps, 0.5),
    ]


def _fill(store: RunStore, config: RunConfig) -> None:
    store.claim(config)
    for record in _records(config):
        store.add(config.run_id, record)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Return the folder of a store whose server was killed: everything is still in the log."""
    store = RunStore(tmp_path / "live")
    for config in CONFIGS:
        _fill(store, config)
    shutil.copytree(store.folder, tmp_path / "killed")
    return tmp_path / "killed"


def _intact(store: RunStore) -> set[str]:
    """Check that all runs in the store are as they were, and return their ids."""
    runs = [run for run, _ in store.newest(9)]
    for run in runs:
        assert store.records(run.run_id)[0] == _records(run.config)
    return {run.run_id for run in runs}


def _overwrite(path: Path, text: bytes, new: bytes) -> None:
    content = path.read_bytes()
    at = content.rindex(text)  # the newest version of the page
    path.write_bytes(content[:at] + new + content[at + len(text) :])


def _saved(folder: Path, suffix: str = "") -> bytes:
    (aside,) = folder.glob(f"runs.sqlite.damaged-*[0-9]{suffix}")
    return aside.read_bytes()


def test_after_a_kill_nothing_is_lost(killed: Path) -> None:
    store = RunStore(killed)
    assert store.notice == ""
    assert _intact(store) == set(IDS)


def test_a_flipped_byte_in_the_log_costs_only_the_run_that_it_hits(killed: Path) -> None:
    log = killed / "runs.sqlite-wal"
    _overwrite(log, b"[1.25, 1.25", b"[1.25, 7.25")
    before = log.read_bytes()
    store = RunStore(killed)
    assert "its log is damaged" in store.notice
    assert "3 of the 4 runs" in store.notice
    assert _intact(store) == {IDS[0], IDS[2], IDS[3]}
    assert [one.run_id for one in store.damages()] == [IDS[1]]
    assert _saved(killed, "-wal") == before
    assert RunStore(killed).notice == ""


def test_a_damaged_head_of_the_log_costs_nothing(killed: Path) -> None:
    log = killed / "runs.sqlite-wal"
    log.write_bytes(b"x" * 32 + log.read_bytes()[32:])
    store = RunStore(killed)
    assert "its log is damaged" in store.notice
    assert _intact(store) == set(IDS)


@pytest.mark.parametrize("names", [("-wal",), ("-wal", "-shm")])
def test_a_deleted_log_gives_a_message(killed: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (killed / f"runs.sqlite{name}").unlink()
    store = RunStore(killed)
    assert f"runs.sqlite-wal, {'was deleted' if len(names) == 1 else 'is missing'}" in store.notice
    assert "every run is as it was before" in store.notice
    assert _intact(store) <= set(IDS)
    del store
    gc.collect()
    assert RunStore(killed).notice == ""


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.97])
def test_a_log_that_is_cut_off_gives_a_message(killed: Path, share: float) -> None:
    log = killed / "runs.sqlite-wal"
    log.write_bytes(log.read_bytes()[: int(log.stat().st_size * share)])
    store = RunStore(killed)
    assert "runs.sqlite-wal, was cut off" in store.notice
    for run, _ in store.newest(9):
        # A run has the records up to one of its earlier states.
        assert store.records(run.run_id)[0] in [_records(run.config)[:number] for number in range(4)]
    assert not store.damages()


def test_a_log_without_its_index_is_complete(killed: Path) -> None:
    (killed / "runs.sqlite-shm").unlink()
    store = RunStore(killed)
    assert store.notice == ""
    assert _intact(store) == set(IDS)


@pytest.mark.parametrize("empty", [True, False])
def test_without_its_file_a_store_is_read_from_its_log(killed: Path, empty: bool) -> None:
    path = killed / "runs.sqlite"
    path.write_bytes(b"") if empty else path.unlink()
    store = RunStore(killed)
    assert f"its file is {'empty' if empty else 'missing'}" in store.notice
    assert "4 of the 4 runs" in store.notice
    assert _intact(store) == set(IDS)


def test_a_full_disk_leaves_the_damaged_store_as_it_was(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (killed / "runs.sqlite").write_bytes(b"")

    def copy_half(source: Path, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise OSError(ENOSPC, "No space left on device")

    before = {path.name: path.read_bytes() for path in killed.glob("runs.sqlite*")}
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", copy_half)
        with pytest.raises(StoreError, match="No space left"):
            RunStore(killed)
    assert {path.name: path.read_bytes() for path in killed.glob("runs.sqlite*")} == before
    assert _intact(RunStore(killed)) == set(IDS)


def test_an_empty_file_gives_a_message_and_is_kept(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").touch()
    store = RunStore(tmp_path)
    assert "its file is empty" in store.notice
    assert _saved(tmp_path) == b""
    assert store.newest(9) == []


def test_a_store_that_was_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.claim(CONFIGS[0])
    del store
    gc.collect()
    assert {path.name for path in tmp_path.iterdir()} <= {"runs.sqlite", "runs.lock"}
    (tmp_path / "runs.sqlite").unlink()
    # Who deletes the file of a store that nobody uses wants a new one.
    assert RunStore(tmp_path).notice == ""


@pytest.mark.parametrize("name", ["runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm", "runs.lock"])
def test_a_folder_in_the_place_of_a_file_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match=name):
        RunStore(tmp_path)
    assert (tmp_path / name / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["runs.sqlite", "runs.sqlite-wal"])
@pytest.mark.skipif(not os.geteuid(), reason="root may write to every file")
def test_a_file_that_may_not_be_written_is_a_sentence(killed: Path, name: str) -> None:
    (killed / name).chmod(0o444)
    files = {path.name: path.read_bytes() for path in killed.iterdir()}
    with pytest.raises(StoreError, match=f"may not write to .*{name}"):
        RunStore(killed)
    assert {path.name: path.read_bytes() for path in killed.iterdir()} == files


def test_a_file_in_the_place_of_a_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "servers").write_text("mine")
    with pytest.raises(StoreError, match="lock file"):
        Presence(tmp_path)
    assert (tmp_path / "servers").read_text() == "mine"


@pytest.mark.parametrize("break_it", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_file_that_vanishes_or_is_emptied_under_a_server_costs_nothing(
    tmp_path: Path, break_it: Callable[[Path], None]
) -> None:
    store = RunStore(tmp_path)
    _fill(store, CONFIGS[0])
    break_it(store.path)
    for use in (lambda: store.run(IDS[0]), lambda: store.newest(9), lambda: store.claim(CONFIGS[1]), store.damages):
        with pytest.raises(StoreError, match="Start the app again"):
            use()
    assert (tmp_path / "runs.sqlite-wal").stat().st_size
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    again = RunStore(tmp_path / "copy")
    assert "1 of the 1 runs" in again.notice
    assert _intact(again) == {IDS[0]}


def test_a_damaged_version_is_not_taken_for_that_of_an_older_store(tmp_path: Path) -> None:
    path = RunStore(tmp_path).path
    gc.collect()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=5")
    assert "its file is damaged" in RunStore(tmp_path).notice
