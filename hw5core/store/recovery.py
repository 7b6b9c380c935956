"""Recover runs from a file that SQLite cannot read completely: copy each run whose rows are all intact."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, decode
from hw5core.store import tables
from hw5core.store.checksums import checksum
from hw5core.store.connection import ERRORS, accept_damaged_text, open_connection
from hw5core.store.damage import set_aside
from hw5core.store.schema import RUN_TABLES
from hw5core.store.sealing import insert_row, rows_of, seal_records, sealed_checkpoint, sealed_record

_ACCESSES = ("", "NOT INDEXED")
"""Ways to read a table. With an index, SQLite does not touch the damaged pages of other runs. Without, it does not need
an index that is damaged itself."""


def recover(damaged: Path, new_file: Path, aside: Path) -> tuple[int, int]:
    """Copy the runs in the file `damaged` into a new store. Return how many were copied, and how many there are.

    Of other runs, it copies the rows that can be read, as those of runs that are set aside. All of them stay in the
    file that is kept as `aside`. Raise sqlite3.Error if the new file cannot be written.
    """
    with open_connection(new_file) as new, new, closing(_read_only(damaged)) as old:
        new.execute("BEGIN IMMEDIATE")
        for table in ("guesses", "votes", "deletions", "damages"):
            for row in _readable(rows_of(old, f"SELECT * FROM {table}")):
                if table == "guesses" and "checksum" not in row:
                    row["checksum"] = checksum(row["race"], row["owner"], row["lead"])
                insert_row(new, table, row, "IGNORE")
        run_ids = _run_ids(old)
        runs = [run_id for run_id in run_ids if not run_id.startswith("damaged ")]
        lost = [run_id for run_id in runs if not any(_copy_run(old, new, run_id, access) for access in _ACCESSES)]
        for run_id in [*lost, *(set(run_ids) - set(runs))]:
            for table in RUN_TABLES:
                for row in _readable(_rows(old, table, run_id, "")):
                    insert_row(new, table, row, "IGNORE")
        for run_id in lost:
            set_aside(new, run_id, f"the store's file was damaged there. The rest of it is in {aside}")
        return len(runs) - len(lost), len(runs)


def _read_only(path: Path) -> sqlite3.Connection:
    """Open a connection to a damaged file, or to an empty database if the file is missing."""
    if not path.exists():
        return sqlite3.connect(":memory:")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    accept_damaged_text(database)
    return database


def _run_ids(old: sqlite3.Connection) -> list[str]:
    """Return the ids of the runs, in the order of their creation as far as the table can be read."""
    by_row = _readable(rows_of(old, "SELECT run_id FROM runs NOT INDEXED ORDER BY rowid"))
    by_index = _readable(rows_of(old, "SELECT run_id FROM runs ORDER BY run_id"))
    return list(dict.fromkeys(str(row["run_id"]) for row in (*by_row, *by_index)))


def _readable(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows before the first that SQLite cannot read: a list from the generator would lose these too."""
    found = []
    with suppress(*ERRORS):
        for row in rows:
            found.append(row)  # noqa: PERF402
    return found


def _copy_run(old: sqlite3.Connection, new: sqlite3.Connection, run_id: str, access: str) -> bool:
    """Copy a run with its records, checkpoints and owners. Return False if it cannot be read completely."""
    try:
        rows = {table: list(_rows(old, table, run_id, access)) for table in RUN_TABLES}
    except ERRORS:
        return False
    new.execute("SAVEPOINT run")
    try:
        for table, table_rows in rows.items():
            for row in table_rows:
                insert_row(new, table, row)
        if "checksum" not in rows["runs"][0]:
            _check_complete(rows["runs"][0], rows["records"])
            seal_records(new, run_id)
        tables.updates(new, run_id, tables.Cursor(), lean=False)
    except (sqlite3.IntegrityError, LabError, LookupError, ValueError, TypeError, AttributeError):
        new.execute("ROLLBACK TO run")
        return False
    finally:
        new.execute("RELEASE run")
    return True


def _rows(old: sqlite3.Connection, table: str, run_id: str, access: str) -> Iterator[dict[str, Any]]:
    """Yield the run's rows in a table, with the columns of the newest version."""
    columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
    if not columns:
        return  # a file of version 1 has no such table
    if table == "checkpoints":
        yield from _checkpoints(old, run_id, access)
        return
    order = "ORDER BY number" if table == "records" else ""
    for row in rows_of(old, f"SELECT * FROM {table} {access} WHERE run_id = ? {order}", run_id):
        if table != "records" or "checksum" in row:
            yield row
        elif "kind" in row:
            yield sealed_record(row)
        else:
            yield sealed_record(row | _kind_and_body(row["body"]))


def _kind_and_body(text: str) -> dict[str, str]:
    """Return the columns for a record's body up to version 3, which has its kind in it. The kind is "" if it has none.

    A record of no kind cannot be read, so its run counts as damaged.
    """
    try:
        body = json.loads(text)
        return {"kind": str(body.pop("kind")), "body": json.dumps(body)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"kind": "", "body": text}


def _checkpoints(old: sqlite3.Connection, run_id: str, access: str) -> Iterator[dict[str, Any]]:
    """Yield the run's checkpoints that can be read. A run continues from an earlier one where one is missing."""
    query = f"SELECT * FROM checkpoints {access} WHERE run_id = ? AND step = ?"
    for step in _readable(rows_of(old, f"SELECT step FROM checkpoints {access} WHERE run_id = ?", run_id)):
        for row in _readable(rows_of(old, query, run_id, step["step"])):
            yield row if "checksum" in row else sealed_checkpoint(row)


def _check_complete(run: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Raise ValueError if losses are missing: between two records, or at the end of a finished run.

    This is for files without checksums.
    """
    config = RunConfig(**json.loads(run["config"]))
    steps = config.first_step
    for record in [decode(row["kind"], row["body"]) for row in records]:
        if isinstance(record, BatchLosses):
            if record.first_step != steps:
                raise ValueError("losses are missing")
            steps += len(record.losses)
    if run["status"] == "finished" and steps != config.total_steps:
        raise ValueError("the last losses are missing")
