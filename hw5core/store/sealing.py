"""Seals: the checksums of runs' rows, renewed with each change, and given to the rows of earlier versions."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from hw5core.errors import DamagedRunError
from hw5core.runs.records import BatchLosses, decode, encode
from hw5core.store.checksums import bare_id, checkpoint_checksum, checksum, content_checksum, record_checksum, total

P = ParamSpec("P")
T = TypeVar("T")

RUN_COLUMNS = (
    "run_id, config, status, message, attempt, created, changed, server, name, controller, first_pause, "
    "records_checksum"
)
"""The columns of a run's row that its checksum covers. A version that adds one has to seal all runs again."""


def run_checksum(values: tuple[Any, ...]) -> int:
    """Return the checksum of the values of RUN_COLUMNS. A deletion does not change it, because it only renames rows."""
    run_id, *others = values
    return checksum(bare_id(run_id) if isinstance(run_id, str) else run_id, *others)


def check_seal(database: sqlite3.Connection, run_id: str) -> None:
    """Raise DamagedRunError if a run's row is not as it was written last."""
    row = database.execute(f"SELECT {RUN_COLUMNS}, checksum FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row and run_checksum(row[:-1]) != row[-1]:
        raise DamagedRunError(run_id, "its settings, its status or its name are damaged")


def seal_run(database: sqlite3.Connection, run_id: str) -> None:
    """Renew the checksum of a run's row."""
    row = database.execute(f"SELECT {RUN_COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row:
        database.execute("UPDATE runs SET checksum = ? WHERE run_id = ?", (run_checksum(row), run_id))


def changes_run(
    change: Callable[Concatenate[sqlite3.Connection, str, P], T],
) -> Callable[Concatenate[sqlite3.Connection, str, P], T]:
    """Let a function that changes a run's row check it before, and seal it afterwards.

    A damaged row stays as it is, so that nobody takes it for an intact one. Raise DamagedRunError for it.
    """

    @wraps(change)
    def checked(database: sqlite3.Connection, run_id: str, /, *arguments: P.args, **options: P.kwargs) -> T:
        check_seal(database, run_id)
        result = change(database, run_id, *arguments, **options)
        seal_run(database, run_id)
        return result

    return checked


def sealed_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's row of an earlier version with its checksums, and with its single images apart.

    If it cannot be read, its checksum is wrong, so that its run counts as damaged.
    """
    new = dict(row) | {"images": "", "images_checksum": content_checksum(b""), "checksum": 0}
    try:
        record = decode(row["kind"], row["body"])
        if isinstance(record, BatchLosses):
            encoded = encode(record)
            new |= {"body": encoded.body, "images": encoded.images}
            new["images_checksum"] = content_checksum(encoded.images.encode())
    except (KeyError, TypeError, ValueError, AttributeError):
        return new
    place = (row["run_id"], row["number"], row["position"], row["kind"])
    return new | {"checksum": record_checksum(*place, new["body"].encode(), new["images_checksum"])}


def sealed_checkpoint(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checkpoint's row of an earlier version with its checksums."""
    new = {"epoch": None} | dict(row) | {"state_checksum": content_checksum(row["state"])}
    names = ("run_id", "step", "seconds", "epoch_seconds", "epoch", "state_checksum")
    return new | {"checksum": checkpoint_checksum(*(new[name] for name in names))}


def insert_row(database: sqlite3.Connection, table: str, row: Mapping[str, Any], or_else: str = "FAIL") -> None:
    """Insert a row, given by its columns. With `or_else` = "IGNORE", leave out a row that the table does not allow."""
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT OR {or_else} INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def rows_of(database: sqlite3.Connection, query: str, *arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query by their columns."""
    cursor = database.execute(query, arguments)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


def add_checksums(database: sqlite3.Connection) -> None:
    """Fill the tables `records` and `checkpoints` of version 7 from those of version 6, which end in `_before`.

    Also compute the checksums in the tables `runs` and `guesses`, which stay as they are otherwise.
    """
    for row in rows_of(database, "SELECT * FROM records_before ORDER BY number"):
        insert_row(database, "records", sealed_record(row))
    for row in rows_of(database, "SELECT * FROM checkpoints_before"):
        insert_row(database, "checkpoints", sealed_checkpoint(row))
    for (run_id,) in database.execute("SELECT run_id FROM runs").fetchall():
        seal_records(database, run_id)
    for race, owner, lead in database.execute("SELECT race, owner, lead FROM guesses").fetchall():
        values = (checksum(race, owner, lead), race, owner)
        database.execute("UPDATE guesses SET checksum = ? WHERE race = ? AND owner = ?", values)


def seal_records(database: sqlite3.Connection, run_id: str) -> None:
    """Compute the sum of the checksums of a run's records, and the checksum of its row."""
    records = database.execute("SELECT checksum FROM records WHERE run_id = ?", (run_id,)).fetchall()
    sum_of_records = total(*(one for (one,) in records))
    database.execute("UPDATE runs SET records_checksum = ? WHERE run_id = ?", (sum_of_records, run_id))
    seal_run(database, run_id)
