"""The schema of the store's SQLite file, and the migrations from its older versions."""

import sqlite3
from collections.abc import Callable

from hw5core.errors import StoreError
from hw5core.store.sealing import add_checksums

VERSION = 8
"""The version that this code writes. SQLite keeps a file's version as its `user_version`."""

_FIRST_WITH = {"damages": 7, "votes": 8}
"""The first versions with these tables."""

RUN_TABLES = ("runs", "records", "checkpoints", "owners")
"""The tables whose rows belong to a run, each with a column `run_id`."""

_CHECKPOINTS = """CREATE TABLE checkpoints (
    run_id TEXT NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL, epoch INTEGER,
    state_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (run_id, step))"""
_OWNERS = "CREATE TABLE owners (run_id TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (run_id, owner))"
_GUESSES = (
    "CREATE TABLE guesses (race TEXT NOT NULL, owner TEXT NOT NULL, lead REAL NOT NULL, "
    "checksum INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (race, owner))"
)
_DELETIONS = "CREATE TABLE deletions (run_id TEXT PRIMARY KEY, reason TEXT NOT NULL, deleted REAL NOT NULL)"
_DAMAGES = (
    "CREATE TABLE damages (run_id TEXT PRIMARY KEY, config TEXT NOT NULL, what TEXT NOT NULL, found REAL NOT NULL)"
)
_VOTES = (
    "CREATE TABLE votes (race TEXT NOT NULL, round TEXT NOT NULL, voter TEXT NOT NULL, choice TEXT NOT NULL, "
    "checksum INTEGER NOT NULL, PRIMARY KEY (race, round, voter))"
)
_VOTES_OF_RACE = "CREATE INDEX votes_of_race ON votes (race)"
# AUTOINCREMENT never uses a number twice, so a reader's cursor stays valid when records are deleted. SQLite reads a row
# up to the last column that is asked for, so the large part that most readers do without comes last.
_RECORDS = """CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    images_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL, body TEXT NOT NULL, images TEXT NOT NULL)"""
_RECORDS_OF_RUN = "CREATE INDEX records_of_run ON records (run_id, number)"
_RECORDS_OF_KIND = "CREATE INDEX records_of_kind ON records (run_id, kind, position)"

_SCHEMA = (
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, config TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, changed REAL NOT NULL DEFAULT 0,
        server TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', controller TEXT NOT NULL DEFAULT '',
        first_pause REAL NOT NULL DEFAULT 0, records_checksum INTEGER NOT NULL DEFAULT 0,
        checksum INTEGER NOT NULL DEFAULT 0)""",
    _RECORDS,
    _RECORDS_OF_RUN,
    _RECORDS_OF_KIND,
    _CHECKPOINTS,
    _OWNERS,
    _GUESSES,
    _DELETIONS,
    _DAMAGES,
    _VOTES,
    _VOTES_OF_RACE,
)

# The statements and functions that turn a file of the version before into one of this version. A statement that a later
# version changes is copied here as it was.
_MIGRATIONS: dict[int, tuple[str | Callable[[sqlite3.Connection], None], ...]] = {
    2: (
        "ALTER TABLE runs ADD COLUMN changed REAL NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN server TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE checkpoints RENAME TO checkpoints_before",
        """CREATE TABLE checkpoints (
            run_id TEXT NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, epoch_seconds REAL NOT NULL,
            state BLOB NOT NULL, epoch INTEGER, PRIMARY KEY (run_id, step))""",
        "INSERT INTO checkpoints SELECT run_id, step, seconds, epoch_seconds, state, NULL FROM checkpoints_before",
        "DROP TABLE checkpoints_before",
        _OWNERS,
        "CREATE TABLE guesses (race TEXT NOT NULL, owner TEXT NOT NULL, lead REAL NOT NULL, PRIMARY KEY (race, owner))",
    ),
    3: ("ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT ''",),
    4: (
        "ALTER TABLE records ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
        # Up to version 3 the kind was the first entry of the body: {"kind": "RunFinished", "steps": 9}. Not
        # json_extract: a loss of NaN makes a body that SQLite does not read as JSON.
        """UPDATE records SET kind = substr(body, 11, instr(substr(body, 11), '"') - 1),
            body = '{' || substr(body, 13 + instr(substr(body, 11), '"'))""",
        _RECORDS_OF_KIND,
    ),
    5: (_DELETIONS,),
    6: (
        "ALTER TABLE runs ADD COLUMN controller TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN first_pause REAL NOT NULL DEFAULT 0",
        # Up to version 5, every guest who had resumed a run was added to its owners and could delete it.
        """DELETE FROM owners WHERE owner != 'lecturer' AND rowid > (
            SELECT min(rowid) FROM owners AS first WHERE first.run_id = owners.run_id)""",
    ),
    7: (
        "ALTER TABLE runs ADD COLUMN records_checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE guesses ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "DROP INDEX records_of_run",
        "DROP INDEX records_of_kind",
        "ALTER TABLE records RENAME TO records_before",
        "ALTER TABLE checkpoints RENAME TO checkpoints_before",
        _RECORDS,
        _RECORDS_OF_RUN,
        _RECORDS_OF_KIND,
        _CHECKPOINTS,
        _DAMAGES,
        add_checksums,
        "DROP TABLE records_before",
        "DROP TABLE checkpoints_before",
    ),
    8: (_VOTES, _VOTES_OF_RACE),
}


def check_version(database: sqlite3.Connection, where: object) -> None:
    """Raise StoreError if the file, which `where` names, is from a newer version or is not a store."""
    version = _version(database)
    if version > VERSION:
        raise StoreError(
            f"The store of runs {where} was written by a newer version of this app (store version {version}; this one "
            f"knows up to {VERSION}). Update the app, or let HW5_HOME name another folder."
        )
    if _has_tables(database) and not version and not has_wrong_version(database):
        raise StoreError(f"{where} is an SQLite file of another program. Let HW5_HOME name another folder.")


def has_wrong_version(database: sqlite3.Connection) -> bool:
    """Return True if the file's version is damaged: it has a table that came with a later one."""
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_schema").fetchall()}
    return any(name in names and _version(database) < first for name, first in _FIRST_WITH.items())


def create_or_migrate(database: sqlite3.Connection) -> None:
    """Create the tables in an empty file, or bring an older file to this version, in one transaction."""
    database.execute("BEGIN IMMEDIATE")
    migrations = (_MIGRATIONS[number] for number in range(_version(database) + 1, VERSION + 1))
    for statements in migrations if _has_tables(database) else (_SCHEMA,):
        for statement in statements:
            if callable(statement):
                statement(database)
            else:
                database.execute(statement)
    database.execute(f"PRAGMA user_version={VERSION}")
    database.commit()


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version


def _has_tables(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
