"""Stores of earlier versions are migrated, and keep every number."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import (
    BatchLosses,
    Checkpoint,
    EpochResult,
    LayerStatistics,
    MeasuredLayer,
    MeasuredStep,
    Record,
    RunFinished,
    RunStarted,
)
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.permissions import Action
from hw5core.store.schema import VERSION
from hw5core.store.store import RunStore
from tests.hw5core.store.old_stores import make_older, write_old_store

CONFIG = RunConfig(epochs=1)
STEPS = CONFIG.total_steps
RECORDS: list[Record] = [
    RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}, 'a note with "quotes"'),
    BatchLosses(0, (2.302585092994046, 0.1), (0.1 + 0.2, 1e-300), (7, 1), 0.25),
    MeasuredStep(1, (MeasuredLayer("Conv2d-1", (16, 28, 28), -0.1, 0.4, None, 2.3, 0.1, 1e-9),), ((0.25, 0.75),)),
    LayerStatistics(0, {"Conv2d-1": 1.5}, {"Conv2d-1": 0.1}, {"ReLU-2": 0.5}),
    BatchLosses(2, (0.3,) * (STEPS - 2), (), (), 1.25),
    EpochResult(0, STEPS - 1, 2.3, 10.5, 97.37856984138489, 1.25, 0.5),
    RunFinished(STEPS, 3.0),
]
CHECKPOINTS: list[Record] = [Checkpoint(2, 1.0, 1.0, b"\x00state")]


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_store_of_an_earlier_version_keeps_every_number(tmp_path: Path, version: int) -> None:
    write_old_store(tmp_path / "runs.sqlite", version, CONFIG, "finished", [*RECORDS, *CHECKPOINTS])
    store = RunStore(tmp_path)
    run = store.run(CONFIG.run_id)
    assert run is not None
    assert (run.run_id, run.config, run.status, run.attempt, run.created) == (
        CONFIG.run_id, CONFIG, Status.FINISHED, 1, 123.0
    )  # fmt: skip
    assert store.records(CONFIG.run_id)[0] == RECORDS
    assert store.checkpoint(CONFIG.run_id) == CHECKPOINTS[0]
    (_, result), *_ = store.newest(9)
    assert result == RECORDS[5]
    assert store.losses_of_batch(CONFIG.run_id, 1) == RECORDS[1]
    history = Follower(store, CONFIG.run_id).read()
    assert history is not None
    assert history.losses.tolist() == [2.302585092994046, 0.1, *[0.3] * (STEPS - 2)]
    assert (store.owners(CONFIG.run_id), store.guesses("race")) == (
        (set(), {}) if version == 1 else ({"mine"}, {"mine": 40.0})
    )
    assert run.name == ("the first" if version >= 3 else "")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_migrated_store_has_the_tables_and_indexes_of_a_new_one(tmp_path: Path, version: int) -> None:
    (tmp_path / "old").mkdir()
    write_old_store(tmp_path / "old" / "runs.sqlite", version, CONFIG, "running", RECORDS[:1])
    stores = [RunStore(tmp_path / "old"), RunStore(tmp_path / "new")]
    tables = []
    for store in stores:
        with closing(sqlite3.connect(store.path)) as database:
            names = sorted(database.execute("SELECT type, name FROM sqlite_schema").fetchall())
            columns = {name: database.execute(f"PRAGMA table_info({name})").fetchall() for _, name in names}
            tables.append({name: [row[1:4] for row in rows] for name, rows in columns.items()})
    assert tables[0] == tables[1]


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_run_of_an_old_store_continues(tmp_path: Path, version: int) -> None:
    write_old_store(tmp_path / "runs.sqlite", version, CONFIG, "running", [*RECORDS[:2], *CHECKPOINTS])
    store = RunStore(tmp_path)
    follower = Follower(store, CONFIG.run_id)
    assert follower.read() is not None
    assert store.claim(CONFIG, "another server", "me"), "no living server trains this run"
    store.add(CONFIG.run_id, RunStarted(2, 11.0, "weights", "split", "order", {"torch": "2"}))
    store.add(CONFIG.run_id, BatchLosses(2, (0.5,)))
    history = follower.read()
    assert history is not None
    assert history.losses.tolist() == [2.302585092994046, 0.1, 0.5]


def test_guests_who_only_resumed_a_run_of_version_5_own_it_no_longer(tmp_path: Path) -> None:
    lecturers = RunConfig(epochs=2)
    store = RunStore(tmp_path)
    store.claim(CONFIG, owner="z")
    store.claim(lecturers, owner="lecturer")
    with closing(sqlite3.connect(store.path)) as database, database:
        rows = [(config.run_id, owner) for config in (CONFIG, lecturers) for owner in ("y", "x")]
        database.executemany("INSERT INTO owners VALUES (?, ?)", rows)
    make_older(store.path, 5)
    store = RunStore(tmp_path)
    assert store.owners(CONFIG.run_id) == {"z"}
    assert store.owners(lecturers.run_id) == {"lecturer"}
    assert store.permitted(Action.HALT, "z", [CONFIG.run_id, lecturers.run_id]) == {CONFIG.run_id}


def test_losses_that_are_not_finite_survive_the_migration(tmp_path: Path) -> None:
    diverged = BatchLosses(0, (2.3, math.nan, math.inf), (2.3, math.nan, math.inf), (1, 1, 1))
    write_old_store(tmp_path / "runs.sqlite", 3, CONFIG, "stopped", [RECORDS[0], diverged])
    (started, losses), _ = RunStore(tmp_path).records(CONFIG.run_id)
    assert started == RECORDS[0]
    assert repr(losses) == repr(diverged)


def test_a_migration_happens_once(tmp_path: Path) -> None:
    write_old_store(tmp_path / "runs.sqlite", 3, CONFIG, "finished", RECORDS)
    RunStore(tmp_path)
    assert RunStore(tmp_path).records(CONFIG.run_id)[0] == RECORDS


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = RunStore(tmp_path).path
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreError, match="newer version"):
        RunStore(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        RunStore(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))
