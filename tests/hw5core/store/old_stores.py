"""Stores as earlier versions of the app wrote them: the tests of the migrations start from these."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint, Record

_NEW_IN_VERSION_2 = ("initialisation", "training_images")
"""Settings that the configs of version 1 lack."""

_RUNS = {
    1: """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL)""",
    2: """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, changed REAL NOT NULL DEFAULT 0,
        server TEXT NOT NULL DEFAULT '')""",
    3: """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, changed REAL NOT NULL DEFAULT 0,
        server TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '')""",
}
_RECORDS = (
    """CREATE TABLE records (
        number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, position INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE INDEX records_of_run ON records (run_id, number)",
)
_RECORDS_OF_KIND = "CREATE INDEX records_of_kind ON records (run_id, kind, position)"
_DELETIONS = "CREATE TABLE deletions (run_id TEXT PRIMARY KEY, reason TEXT NOT NULL, deleted REAL NOT NULL)"
_CHECKPOINTS_1 = """CREATE TABLE checkpoints (
    run_id TEXT PRIMARY KEY, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
    state BLOB NOT NULL)"""
_SINCE_VERSION_2 = (
    """CREATE TABLE checkpoints (
        run_id TEXT NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
        state BLOB NOT NULL, epoch INTEGER, PRIMARY KEY (run_id, step))""",
    "CREATE TABLE owners (run_id TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (run_id, owner))",
    "CREATE TABLE guesses (race TEXT NOT NULL, owner TEXT NOT NULL, lead REAL NOT NULL, PRIMARY KEY (race, owner))",
)


def write_old_store(path: Path, version: int, config: RunConfig, status: str, records: list[Record]) -> None:
    """Write a store of a version from 1 to 5 with one run, created at second 123.

    From version 2 on, "mine" owns the run and has guessed its race to end with a lead of 40. From version 3 on, the
    run's name is "the first".
    """
    plain = asdict(config)
    values = [config.run_id, json.dumps(plain), status, "", 1, 123.0, 456.0, "a server", "the first"]
    if version == 1:
        values[1] = json.dumps({name: value for name, value in plain.items() if name not in _NEW_IN_VERSION_2})
    columns = {1: 6, 2: 8}.get(version, 9)
    with closing(sqlite3.connect(path)) as database, database:
        for statement in (
            _RUNS[min(version, 3)],
            *_RECORDS,
            *((_CHECKPOINTS_1,) if version == 1 else _SINCE_VERSION_2),
        ):
            database.execute(statement)
        if version >= 4:
            database.execute("ALTER TABLE records ADD COLUMN kind TEXT NOT NULL DEFAULT ''")
            database.execute(_RECORDS_OF_KIND)
        if version >= 5:
            database.execute(_DELETIONS)
        database.execute(f"INSERT INTO runs VALUES ({', '.join('?' * columns)})", values[:columns])
        for record in records:
            _insert(database, version, config.run_id, record)
        if version > 1:
            database.execute("INSERT INTO owners VALUES (?, 'mine')", (config.run_id,))
            database.execute("INSERT INTO guesses VALUES ('race', 'mine', 40.0)")
        database.execute(f"PRAGMA user_version={version}")


def _insert(database: sqlite3.Connection, version: int, run_id: str, record: Record) -> None:
    if isinstance(record, Checkpoint):
        epoch = () if version == 1 else (record.epoch,)
        values = (run_id, record.step, record.seconds, record.epoch_seconds, record.state, *epoch)
        database.execute(f"INSERT INTO checkpoints VALUES ({', '.join('?' * len(values))})", values)
        return
    if version >= 4:
        values = (run_id, record.position, json.dumps(asdict(record)), type(record).__name__)
        database.execute("INSERT INTO records (run_id, position, body, kind) VALUES (?, ?, ?, ?)", values)
        return
    body = json.dumps({"kind": type(record).__name__, **asdict(record)})
    database.execute("INSERT INTO records (run_id, position, body) VALUES (?, ?, ?)", (run_id, record.position, body))


_TO_UNDO = {
    8: ("DROP TABLE votes",),
    7: (
        "DROP TABLE damages",
        "ALTER TABLE runs DROP COLUMN records_checksum",
        "ALTER TABLE runs DROP COLUMN checksum",
        "ALTER TABLE guesses DROP COLUMN checksum",
        # One body with everything. This does not work for losses that are not finite.
        "UPDATE records SET body = json_patch(body, images) WHERE images != ''",
        "ALTER TABLE records DROP COLUMN images",
        "ALTER TABLE records DROP COLUMN checksum",
        "ALTER TABLE records DROP COLUMN images_checksum",
        "ALTER TABLE checkpoints DROP COLUMN checksum",
        "ALTER TABLE checkpoints DROP COLUMN state_checksum",
    ),
    6: ("ALTER TABLE runs DROP COLUMN controller", "ALTER TABLE runs DROP COLUMN first_pause"),
    5: ("DROP TABLE deletions",),
}
"""The statements that turn a store of a version into one of the version before."""


def make_older(path: Path, version: int) -> None:
    """Turn a store of the present version into one of version 4 or later."""
    with closing(sqlite3.connect(path)) as database, database:
        for newer in sorted(_TO_UNDO, reverse=True):
            for statement in _TO_UNDO[newer] if newer > version else ():
                database.execute(statement)
        database.execute(f"PRAGMA user_version={version}")
