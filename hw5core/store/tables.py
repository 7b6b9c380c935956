"""Read and write the rows of the store's tables. Each function works in its caller's transaction."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, NamedTuple

from hw5core.errors import DamagedRunError, LabError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import (
    BatchLosses,
    Checkpoint,
    EncodedRecord,
    EpochResult,
    Record,
    RunStarted,
    decode,
)
from hw5core.runs.run import LONG_AGO, Run, Stamp, Status
from hw5core.store.checkpoints import copy_fork_checkpoint, insert_checkpoint
from hw5core.store.checksums import checksum, content_checksum, record_checksum, total
from hw5core.store.owners import LECTURER, OPERATOR, is_guest, token_of
from hw5core.store.sealing import RUN_COLUMNS, changes_run, run_checksum, seal_run
from hw5core.store.trash import IS_KEPT, forget

MAX_OF_A_RACE = 2_000
"""The number of guesses, and of votes, that are kept of one race: a thousand voters have two votes each."""

MAX_IN_TOTAL = 20_000
"""The number of guesses, and of votes, that are kept of all races. Votes need 4 MB, up to 15 MB as entries of golf, or
25 as hand-ins."""

_RUN_ROW = f"{RUN_COLUMNS}, checksum, rowid"

IS_OF_GUESTS = """EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id)
    AND NOT EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id AND owner IN ('lecturer', 'operator'))"""
"""The condition in SQL for a run that neither the lecturer nor the operator has started or resumed."""

# With casts, because damage may give a value another type. Bodies stay bytes, as their checksums need them.
_CHECKSUM = "coalesce(CAST(checksum AS INTEGER), 0)"
_RECORD_ROW = f"number, position, kind, images_checksum, {_CHECKSUM}, coalesce(CAST(body AS BLOB), x'')"
_FULL_RECORD_ROW = f"{_RECORD_ROW}, coalesce(CAST(images AS BLOB), x'')"

# The newest record of a run says when it changed last, without a clock. A run without records has just been created.
_PAUSED_BY_GUESTS = f"""
    SELECT run_id, controller FROM runs
    WHERE status = 'paused' AND {IS_KEPT} AND controller NOT IN ('{LECTURER}', '{OPERATOR}')
    ORDER BY (SELECT max(number) FROM records WHERE records.run_id = runs.run_id) DESC NULLS FIRST"""

_STATUSES = {str(status): status for status in Status}

Start = tuple[float, int]


class Cursor(NamedTuple):
    """How far a reader has read a run's records: to this number, with the sum of their checksums.

    `start` changes when the store drops records of a run, because it was resumed, or deleted and started again. A
    reader then has to read all records again.
    """

    start: Start | None = None
    number: int = 0
    checksum: int = 0


def find_run(database: sqlite3.Connection, run_id: str) -> Run | None:
    """Return the run with this id, or None. Raise DamagedRunError."""
    found = _find(database, run_id)
    return found[0] if found else None


def _find(database: sqlite3.Connection, run_id: str, access: str = "") -> tuple[Run, int] | None:
    """Return the run and the sum of the checksums of its records, or None. Raise DamagedRunError."""
    row = database.execute(f"SELECT {_RUN_ROW} FROM runs {access} WHERE run_id = ?", (run_id,)).fetchone()
    if row and row[0] != run_id:
        raise DamagedRunError(run_id, "its id is damaged")
    return _as_run(row) if row else None


def newest_runs(
    database: sqlite3.Connection, most: int
) -> tuple[list[tuple[Run, EpochResult | None]], list[DamagedRunError]]:
    """Return the runs created last, newest first, each with the result of its last epoch, and the errors of others."""
    rows = database.execute(
        f"""SELECT {_RUN_ROW}, (
            SELECT number FROM records WHERE records.run_id = runs.run_id AND kind = 'EpochResult'
            ORDER BY position DESC LIMIT 1
        ) FROM runs WHERE {IS_KEPT} ORDER BY rowid DESC LIMIT ?""",
        (most,),
    ).fetchall()
    query = f"SELECT {_RECORD_ROW} FROM records WHERE number IN (SELECT value FROM json_each(?))"
    numbers = json.dumps([row[-1] for row in rows if row[-1] is not None])
    results = {result[0]: result for result in database.execute(query, (numbers,)).fetchall()}
    runs: list[tuple[Run, EpochResult | None]] = []
    damaged: list[DamagedRunError] = []
    for *row, number in rows:
        try:
            run, _ = _as_run(tuple(row))
            if number is not None and number not in results:
                raise DamagedRunError(run.run_id, "some of its records are missing")
            result = None if number is None else _result(run.run_id, results[number])
            runs.append((run, result if isinstance(result, EpochResult) else None))
        except DamagedRunError as error:
            damaged.append(error)
    return runs, damaged


def paused_by_guests(database: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the id and the controller of each run that a guest has paused, those that changed last first."""
    return database.execute(_PAUSED_BY_GUESTS).fetchall()


def stamps_of(database: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, Stamp]:
    """Return the stamps of those of the runs that the store has."""
    query = (
        "SELECT run_id, status, attempt, created, changed FROM runs WHERE run_id IN (SELECT value FROM json_each(?))"
    )
    rows = database.execute(query, (json.dumps(list(run_ids)),)).fetchall()
    # A status that does not exist is damaged. The next reader of the run finds that out.
    return {run_id: Stamp(_STATUSES.get(status, Status.FAILED), *others) for run_id, status, *others in rows}


@lru_cache(maxsize=4096)
def _as_run(row: tuple[Any, ...]) -> tuple[Run, int]:
    """Check and parse a run's row once: a page that shows a run reads it several times a second."""
    run_id, config, status, *others, records_checksum, stored, number = row
    message, attempt, created, changed, server, name, controller, first_pause = others
    if run_checksum(row[:-2]) != stored:
        raise DamagedRunError(str(run_id), "its settings, its status or its name are damaged")
    try:
        run = Run(run_id, _config(config), Status(status), message, attempt, created, changed, server, name, controller,
                  first_pause, number)  # fmt: skip
    except (LabError, ValueError, TypeError, KeyError) as error:
        raise DamagedRunError(str(run_id), "its settings cannot be read") from error
    return run, records_checksum


@lru_cache(maxsize=4096)
def _result(run_id: str, row: tuple[Any, ...]) -> Record:
    """Check and decode a result once: the lists of runs read it again and again."""
    return _decoded(run_id, row)


@lru_cache(maxsize=4096)
def _config(text: str) -> RunConfig:
    return RunConfig(**json.loads(text))


def insert_run(database: sqlite3.Connection, config: RunConfig, server: str, status: Status) -> None:
    """Insert the run if it is new, and give it this server and status.

    Raise NoCheckpointError for a new fork if its parent's checkpoint is not in the store.
    """
    inserted = database.execute(
        "INSERT INTO runs (run_id, config, status, created, first_pause) "
        "VALUES (?, ?, ?, ?, ? * EXISTS (SELECT 1 FROM deletions WHERE run_id = ?)) ON CONFLICT DO NOTHING",
        (config.run_id, json.dumps(asdict(config)), status, time.time(), LONG_AGO, config.run_id),
    )
    if inserted.rowcount:
        seal_run(database, config.run_id)
    _set_server(database, config.run_id, server)
    forget(database, config.run_id)
    set_status(database, config.run_id, status)
    if config.fork:
        copy_fork_checkpoint(database, config.run_id, config.fork)


@changes_run
def _set_server(database: sqlite3.Connection, run_id: str, server: str) -> None:
    database.execute("UPDATE runs SET server = ? WHERE run_id = ?", (server, run_id))


@changes_run
def set_name(database: sqlite3.Connection, run_id: str, name: str) -> None:
    """Set the run's name."""
    database.execute("UPDATE runs SET name = ? WHERE run_id = ?", (name, run_id))


@changes_run
def set_status(database: sqlite3.Connection, run_id: str, status: Status, message: str = "") -> None:
    """Set the run's status, the reason for it, and the time of the change."""
    database.execute(
        "UPDATE runs SET status = ?, message = ?, changed = ? WHERE run_id = ?", (status, message, time.time(), run_id)
    )


def owners_of(database: sqlite3.Connection, run_id: str) -> frozenset[str]:
    """Return the owners of the run."""
    rows = database.execute("SELECT owner FROM owners WHERE run_id = ?", (run_id,)).fetchall()
    return frozenset(owner for (owner,) in rows)


def owned_by(database: sqlite3.Connection, owner: str | None) -> frozenset[str]:
    """Return the ids of the runs that this user may rename and delete, as `permissions.may` says for each of them."""
    condition = f"{IS_OF_GUESTS} AND run_id IN (SELECT run_id FROM owners WHERE owner = ?)" if is_guest(owner) else "?"
    value = owner if is_guest(owner) else True
    rows = database.execute(f"SELECT run_id FROM runs WHERE {IS_KEPT} AND {condition}", (value,)).fetchall()
    return frozenset(run_id for (run_id,) in rows)


def add_owner(database: sqlite3.Connection, run_id: str, owner: str | None) -> None:
    """Make the user an owner of the run."""
    database.execute("INSERT INTO owners VALUES (?, ?) ON CONFLICT DO NOTHING", (run_id, token_of(owner)))


@changes_run
def set_controller(database: sqlite3.Connection, run_id: str, owner: str | None, status: Status) -> None:
    """Let the user control the run, which has just got this status."""
    pauses = status is Status.PAUSED and is_guest(owner)
    database.execute(
        "UPDATE runs SET controller = ?, first_pause = CASE WHEN ? AND first_pause = 0 THEN ? ELSE first_pause END "
        "WHERE run_id = ?",
        (token_of(owner), pauses, time.time(), run_id),
    )


def insert_record(database: sqlite3.Connection, run: Run, record: EncodedRecord) -> None:
    """Insert a record, or a checkpoint into its own table.

    A RunStarted first deletes everything from its first step on: it is about to be computed again.
    """
    if record.is_a(Checkpoint):
        insert_checkpoint(database, run, record)
        return
    if record.is_a(RunStarted):
        started = decode(record.kind, record.body)
        assert isinstance(started, RunStarted)
        _delete_from(database, run.run_id, started.first_step)
    number = _next_number(database)
    images = content_checksum(record.images.encode())
    place = (run.run_id, number, record.position, record.kind)
    own = record_checksum(*place, record.body.encode(), images)
    database.execute(
        "INSERT INTO records (run_id, number, position, kind, body, images, images_checksum, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*place, record.body, record.images, images, own),
    )
    _add_to_sum(database, run.run_id, own)


def _next_number(database: sqlite3.Connection) -> int:
    """Return the number that AUTOINCREMENT would give to the next record: the checksum covers it."""
    used = database.execute("SELECT max(number) FROM records UNION SELECT CAST(seq AS INTEGER) FROM sqlite_sequence")
    return max((number for (number,) in used.fetchall() if number is not None), default=0) + 1


@changes_run
def _add_to_sum(database: sqlite3.Connection, run_id: str, *checksums: int) -> None:
    """Add checksums to the sum of those of the run's records."""
    (before,) = database.execute("SELECT records_checksum FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    database.execute("UPDATE runs SET records_checksum = ? WHERE run_id = ?", (total(before, *checksums), run_id))


@changes_run
def _delete_from(database: sqlite3.Connection, run_id: str, step: int) -> None:
    dropped = database.execute(
        f"SELECT {_CHECKSUM} FROM records WHERE run_id = ? AND (position < 0 OR position >= ?)",
        (run_id, step),
    ).fetchall()
    database.execute("DELETE FROM records WHERE run_id = ? AND (position < 0 OR position >= ?)", (run_id, step))
    _add_to_sum(database, run_id, *(-one for (one,) in dropped))
    database.execute("DELETE FROM checkpoints WHERE run_id = ? AND step > ?", (run_id, step))
    database.execute("UPDATE runs SET attempt = attempt + 1 WHERE run_id = ?", (run_id,))


def has_records_from(database: sqlite3.Connection, run_id: str, step: int) -> bool:
    """Return True if the run has a record of batch `step` or of a later one."""
    query = "SELECT 1 FROM records WHERE run_id = ? AND position >= ? LIMIT 1"
    return database.execute(query, (run_id, step)).fetchone() is not None


def updates(
    database: sqlite3.Connection, run_id: str, after: Cursor, lean: bool, access: str = ""
) -> tuple[Run | None, list[Record], Cursor]:
    """Return the run, or None, with its records after the cursor, in order, and the cursor for the next call.

    If the store has dropped records since, these are all records, and the new cursor has another start. Lean records
    lack the losses and predictions of single images. With the access NOT INDEXED, SQLite reads the whole table instead
    of an index. Raise DamagedRunError, also if records are missing.
    """
    found = _find(database, run_id, access)
    if found is None:
        return None, [], Cursor()
    run, sum_of_records = found
    start = (run.created, run.attempt)
    if after.start != start:
        after = Cursor(start)
    rows = database.execute(
        f"SELECT {_RECORD_ROW if lean else _FULL_RECORD_ROW} FROM records {access} WHERE run_id = ? AND number > ? "
        "ORDER BY number",
        (run_id, after.number),
    ).fetchall()
    cursor = Cursor(start, rows[-1][0] if rows else after.number, total(after.checksum, *(row[4] for row in rows)))
    if cursor.checksum != sum_of_records:
        raise DamagedRunError(run_id, "some of its records are missing or damaged")
    return run, [_decoded(run_id, row) for row in rows], cursor


def is_intact(database: sqlite3.Connection, run_id: str) -> bool:
    """Return True if the run is intact in its tables. If it is not without this, an index is damaged."""
    try:
        return updates(database, run_id, Cursor(), lean=True, access="NOT INDEXED")[0] is not None
    except DamagedRunError:
        return False


def _decoded(run_id: str, row: Sequence[Any]) -> Record:
    """Return the record in a row, with its single images if the row has them. Raise DamagedRunError or StoreError."""
    number, position, kind, images_checksum, own, body, *images = row
    if record_checksum(run_id, number, position, kind, body, images_checksum) != own:
        raise DamagedRunError(run_id, "one of its records is damaged")
    if images and content_checksum(images[0]) != images_checksum:
        raise StoreError(
            f"The losses of single images of run {run_id} are damaged in the store. Its curves and results are intact. "
            "For all of its losses, delete the run and train it again."
        )
    try:
        return decode(kind, body, images=images[0] if images else b"")
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRunError(run_id, "one of its records cannot be read") from error


def losses_of_batch(database: sqlite3.Connection, run_id: str, step: int) -> BatchLosses | None:
    """Return the record with the losses of batch `step`, or None if it was not trained yet.

    Raise DamagedRunError or StoreError.
    """
    row = database.execute(
        f"SELECT {_FULL_RECORD_ROW} FROM records WHERE run_id = ? AND kind = 'BatchLosses' AND position <= ? "
        "ORDER BY position DESC, number DESC LIMIT 1",
        (run_id, step),
    ).fetchone()
    record = _decoded(run_id, row) if row else None
    if isinstance(record, BatchLosses) and step < record.first_step + len(record.losses):
        return record
    return None


def insert_guess(database: sqlite3.Connection, race: str, owner: str, lead: float) -> None:
    """Insert a user's guess of a race. A second one is ignored."""
    values = (race, owner, float(lead))
    query = "INSERT INTO guesses (race, owner, lead, checksum) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    database.execute(query, (*values, checksum(*values)))
    keep_newest(database, "guesses", race)


def keep_newest(database: sqlite3.Connection, table: str, race: str) -> None:
    """Delete the oldest guesses or votes, if there are too many of a race or in total: anybody can send them."""
    # A new row has the largest rowid.
    for where, of, most in (("race = ?", (race,), MAX_OF_A_RACE), ("true", (), MAX_IN_TOTAL)):
        oldest_too_many = f"SELECT rowid FROM {table} WHERE {where} ORDER BY rowid DESC LIMIT 1 OFFSET ?"
        database.execute(f"DELETE FROM {table} WHERE {where} AND rowid <= ({oldest_too_many})", (*of, *of, most))


def guesses_of(database: sqlite3.Connection, race: str) -> dict[str, float]:
    """Return the guesses of the race by owner, without damaged ones."""
    rows = database.execute("SELECT race, owner, lead, checksum FROM guesses WHERE race = ?", (race,)).fetchall()
    return {owner: lead for *place, owner, lead, own in rows if checksum(*place, owner, lead) == own}


def is_known(database: sqlite3.Connection, run_id: str) -> bool:
    """Return True if the store has a record or a checkpoint of the run, also if its own row is gone."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM records WHERE run_id = ?) OR EXISTS (SELECT 1 FROM checkpoints WHERE run_id = ?)"
    )
    return bool(database.execute(query, (run_id, run_id)).fetchone()[0])
