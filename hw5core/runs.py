"""The store of runs: one SQLite file with every run's config, state, records and latest checkpoint. No torch.

Written by the engine alone, read by anyone at any time (write-ahead log). A run has one row, found by its id.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from hw5core.config import RunConfig
from hw5core.records import Checkpoint, Record, RunFinished, RunStarted, decode, encode

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_of_run ON records (run_id, number);
CREATE TABLE IF NOT EXISTS checkpoints (
    run_id TEXT PRIMARY KEY, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
    state BLOB NOT NULL
);
"""
_VERSION = 1


class StoreError(RuntimeError):
    """A store that cannot be opened. Its text says why and what to do."""


class Status(StrEnum):
    """What a run is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in (Status.FINISHED, Status.FAILED)


@dataclass(frozen=True)
class Run:
    """A run as the store knows it. `attempt` counts how often it was started or resumed: when it grows, records past
    the checkpoint were dropped, and a reader begins again. `message` says why a run failed."""

    run_id: str
    config: RunConfig
    status: Status
    message: str
    attempt: int


class RunStore:
    """The SQLite file in `folder`, made when missing. Every call opens its own connection, so any thread may call."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "runs.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._database() as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.executescript(_SCHEMA)
                database.execute(f"PRAGMA user_version={_VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The store of runs {self.path} cannot be opened ({error}). "
                "Let HW5_HOME name a folder that can be written to."
            ) from error

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
            yield database

    def run(self, run_id: str) -> Run | None:
        """The run of this id, or None."""
        with self._database() as database:
            row = database.execute(
                "SELECT run_id, config, status, message, attempt FROM runs WHERE run_id = ?", (run_id,)
            ).fetchone()
        return row and Run(row[0], RunConfig(**json.loads(row[1])), Status(row[2]), row[3], row[4])

    def begin(self, config: RunConfig) -> Checkpoint | None:
        """Note that the run is about to be trained, and give the checkpoint to go on from, if there is one."""
        run_id = config.run_id
        with self._database() as database:
            database.execute(
                "INSERT INTO runs (run_id, config, status, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (run_id, json.dumps(asdict(config)), Status.WAITING, time.time()),
            )
            database.execute("UPDATE runs SET status = ?, message = '' WHERE run_id = ?", (Status.WAITING, run_id))
            row = database.execute(
                "SELECT step, seconds, epoch_seconds, state FROM checkpoints WHERE run_id = ?", (run_id,)
            ).fetchone()
        return Checkpoint(*row) if row else None

    def add(self, run_id: str, record: Record) -> None:
        """Keep what a worker told of a run. A RunStarted drops what an earlier attempt told from its first step on:
        that is about to be computed again."""
        with self._database() as database:
            match record:
                case Checkpoint():
                    _keep_checkpoint(database, run_id, record)
                case RunStarted():
                    _drop_from(database, run_id, record.first_step)
                    _keep(database, run_id, record, Status.RUNNING)
                case RunFinished():
                    _keep(database, run_id, record, Status.FINISHED)
                case _:
                    _keep(database, run_id, record, Status.RUNNING)

    def fail(self, run_id: str, message: str) -> None:
        """Note that the run ended without its last epoch, and why. What it told is kept."""
        with self._database() as database:
            database.execute(
                "UPDATE runs SET status = ?, message = ? WHERE run_id = ?", (Status.FAILED, message, run_id)
            )

    def records(self, run_id: str, after: int = 0) -> tuple[list[Record], int]:
        """The run's records past cursor `after`, in order, and the cursor for the next call."""
        with self._database() as database:
            rows = database.execute(
                "SELECT number, body FROM records WHERE run_id = ? AND number > ? ORDER BY number", (run_id, after)
            ).fetchall()
        return [decode(json.loads(body)) for _, body in rows], rows[-1][0] if rows else after


def _keep(database: sqlite3.Connection, run_id: str, record: Record, status: Status) -> None:
    database.execute(
        "INSERT INTO records (run_id, position, body) VALUES (?, ?, ?)",
        (run_id, record.position, json.dumps(encode(record))),
    )
    database.execute("UPDATE runs SET status = ? WHERE run_id = ?", (status, run_id))


def _keep_checkpoint(database: sqlite3.Connection, run_id: str, checkpoint: Checkpoint) -> None:
    database.execute(
        "REPLACE INTO checkpoints (run_id, step, seconds, epoch_seconds, state) VALUES (?, ?, ?, ?, ?)",
        (run_id, checkpoint.step, checkpoint.seconds, checkpoint.epoch_seconds, checkpoint.state),
    )


def _drop_from(database: sqlite3.Connection, run_id: str, step: int) -> None:
    database.execute("DELETE FROM records WHERE run_id = ? AND (position < 0 OR position >= ?)", (run_id, step))
    database.execute("UPDATE runs SET attempt = attempt + 1 WHERE run_id = ?", (run_id,))
