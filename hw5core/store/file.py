"""The SQLite file under the store of runs: its schema, older and newer versions of it, and damage.

A damaged file is set aside, never deleted, and what can still be read of it goes into the new one.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, decode

VERSION = 3

# As of version 2. A later version that changes one of these keeps this text for the migration to 2.
_CHECKPOINTS = """CREATE TABLE checkpoints (
    run_id TEXT NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
    state BLOB NOT NULL, epoch INTEGER, PRIMARY KEY (run_id, step))"""
_OWNERS = "CREATE TABLE owners (run_id TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (run_id, owner))"
_GUESSES = (
    "CREATE TABLE guesses (race TEXT NOT NULL, owner TEXT NOT NULL, lead REAL NOT NULL, PRIMARY KEY (race, owner))"
)

_SCHEMA = (
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, changed REAL NOT NULL DEFAULT 0,
        server TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE records (
        number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, position INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE INDEX records_of_run ON records (run_id, number)",
    _CHECKPOINTS,
    _OWNERS,
    _GUESSES,
)

# What turns a file of the version before into one of the version named.
_MIGRATIONS = {
    2: (
        "ALTER TABLE runs ADD COLUMN changed REAL NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN server TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE checkpoints RENAME TO checkpoints_before",
        _CHECKPOINTS,
        "INSERT INTO checkpoints SELECT run_id, step, seconds, epoch_seconds, state, NULL FROM checkpoints_before",
        "DROP TABLE checkpoints_before",
        _OWNERS,
        _GUESSES,
    ),
    3: ("ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT ''",),
}
_TABLES = ("runs", "records", "checkpoints", "owners")

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_NO_ENTRY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class _DamagedError(Exception):
    """A file that SQLite cannot read, or not all of it."""


@contextmanager
def connect(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one transaction, committed at the end. Raises StoreError for all that SQLite refuses."""
    try:
        with _connection(path) as database, database:
            yield database
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, error)) from error


def held_open(path: Path) -> sqlite3.Connection:
    """A connection that does nothing but be there: whenever the last one is closed, SQLite writes its log into the file
    and waits for the disk, which would make each report of a run take three times as long."""
    try:
        database = sqlite3.connect(path, timeout=30, check_same_thread=False)
        database.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the file and its log
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, error)) from error
    return database


def used_bytes(database: sqlite3.Connection) -> int:
    """What is kept takes so many bytes; a file keeps the room of what was deleted, for what comes."""
    asked = (f"PRAGMA {name}" for name in ("page_count", "freelist_count", "page_size"))
    pages, free, size = (database.execute(question).fetchone()[0] for question in asked)
    return int((pages - free) * size)


def prepare(path: Path) -> str:
    """Make the file ready for use: made when missing, brought up to date when older, set aside when damaged.

    Returns what people should be told about it, or nothing. Raises StoreError when there is no way to use it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process at a time: two must not both migrate a file or set it aside.
        with FileLock(path.with_suffix(".lock")):
            try:
                _bring_up_to_date(path)
            except _DamagedError:
                return _begin_anew(path)
    except OSError as error:
        raise StoreError(
            f"The store of runs {path} cannot be opened ({error}). Let HW5_HOME name a folder that can be written to."
        ) from error
    return ""


def _connection(path: Path) -> "closing[sqlite3.Connection]":
    database = sqlite3.connect(path, timeout=30)
    # With the write-ahead log a power cut then loses at most the last moments, which are computed again.
    database.execute("PRAGMA synchronous=NORMAL")
    return closing(database)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary error code: the extended ones carry it in their lowest byte."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sentence(path: Path, error: sqlite3.Error) -> str:
    match _code(error):
        case code if code in _NO_SPACE:
            what = "cannot be written: the disk is full or fails. Free some space; what was kept so far is intact"
        case code if code in _NO_ENTRY:
            what = "cannot be opened. Let HW5_HOME name a folder that can be written to"
        case code if code in _DAMAGED:
            what = "is damaged. Start the app again: it sets the file aside and keeps what can be read of it"
        case code if code in _BUSY:
            what = "has been busy for 30 seconds: another program holds it. Try again when that has ended"
        case _:
            what = "cannot be used. Start the app again; if that does not help, let HW5_HOME name another folder"
    return f"The store of runs {path} {what} ({error})."


def _bring_up_to_date(path: Path) -> None:
    try:
        with _connection(path) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            _check_readable(path, database, version, tables)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN IMMEDIATE")
            statements = _SCHEMA if not tables else [sql for v in range(version, VERSION) for sql in _MIGRATIONS[v + 1]]
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version={VERSION}")
            database.commit()
    except sqlite3.Error as error:
        if _code(error) in _DAMAGED:
            raise _DamagedError from error
        raise StoreError(_sentence(path, error)) from error


def _check_readable(path: Path, database: sqlite3.Connection, version: int, tables: int) -> None:
    if version > VERSION:
        raise StoreError(
            f"The store of runs {path} was written by a newer version of this app (store version {version}; this one "
            f"knows up to {VERSION}). Update the app, or let HW5_HOME name another folder."
        )
    if tables and not version:
        raise StoreError(
            f"{path} is an SQLite file of something else, not a store of runs. Let HW5_HOME name another folder."
        )
    if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _DamagedError


def _begin_anew(path: Path) -> str:
    """Set the damaged file aside, with what belongs to it, and begin a new one with what can be read of the old."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    for suffix in ("", "-wal", "-shm"):
        belonging = path.with_name(path.name + suffix)
        if belonging.exists():
            belonging.rename(aside.with_name(aside.name + suffix))
    _bring_up_to_date(path)
    saved, found = _salvage(aside, path)
    return (
        f"The store of runs was damaged. The file was set aside as {aside}, and a new one begun with "
        f"{saved} of the {found} runs that could be found in it."
    )


def _salvage(aside: Path, path: Path) -> tuple[int, int]:
    """Copy every run that can be read whole; how many, and of how many."""
    with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as old, connect(path) as new:
        try:
            run_ids = [run_id for (run_id,) in old.execute("SELECT run_id FROM runs ORDER BY rowid").fetchall()]
        except sqlite3.Error:
            return 0, 0
        _salvage_guesses(old, new)
        return sum(_salvage_run(old, new, run_id) for run_id in run_ids), len(run_ids)


def _salvage_guesses(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """What classes had expected of their races, as far as it can be read."""
    with suppress(sqlite3.Error):
        new.executemany("INSERT INTO guesses VALUES (?, ?, ?)", old.execute("SELECT race, owner, lead FROM guesses"))


def _salvage_run(old: sqlite3.Connection, new: sqlite3.Connection, run_id: str) -> bool:
    try:
        rows = {table: _rows_of(old, table, run_id) for table in _TABLES}
        _check_whole(rows["runs"][0], rows["records"])
    except (sqlite3.Error, LabError, ValueError, TypeError, KeyError):
        return False
    for table, found in rows.items():
        for row in found:
            marks = ", ".join("?" * len(row))
            new.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    return True


def _rows_of(database: sqlite3.Connection, table: str, run_id: str) -> list[dict[str, object]]:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    if not columns:
        return []  # an older version's file has no such table
    order = "ORDER BY number" if "number" in columns else ""
    found = database.execute(f"SELECT * FROM {table} WHERE run_id = ? {order}", (run_id,)).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


def _check_whole(run: dict[str, object], records: list[dict[str, object]]) -> None:
    """Raises ValueError unless the losses follow one another without a gap, to the last one if the run is finished."""
    config = RunConfig(**json.loads(str(run["config"])))
    told = [decode(json.loads(str(row["body"]))) for row in records]
    steps = config.first_step
    for record in told:
        if isinstance(record, BatchLosses):
            if record.first_step != steps:
                raise ValueError("losses are missing")
            steps += len(record.losses)
    if run["status"] == "finished" and steps != config.total_steps:
        raise ValueError("the last losses are missing")
