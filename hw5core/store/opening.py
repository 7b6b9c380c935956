"""Open the store's file: create it, migrate it, or set it aside if it is damaged and keep what can be read of it."""

import json
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, decode
from hw5core.store.connection import as_store_error, is_damage, open_connection, transaction
from hw5core.store.schema import RUN_TABLES, check_version, create_or_migrate


class _DamagedError(Exception):
    """The file cannot be read by SQLite, or not all of it."""


def open_store(path: Path) -> str:
    """Create the file if it is missing, migrate it if it is older, and replace it if it is damaged.

    A damaged file is renamed, never deleted. Return a notice for the users about that, or an empty string. Raise
    StoreError if the file cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process at a time: two processes must not both migrate a file or set it aside.
        with FileLock(path.with_suffix(".lock")):
            try:
                _create_or_migrate(path)
            except _DamagedError:
                return _replace(path)
    except OSError as error:
        raise StoreError(
            f"The store of runs {path} cannot be opened ({error}). Let HW5_HOME name a folder that can be written to."
        ) from error
    return ""


def _create_or_migrate(path: Path) -> None:
    try:
        with open_connection(path) as database:
            check_version(database, path)
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise _DamagedError
            database.execute("PRAGMA journal_mode=WAL")
            create_or_migrate(database)
    except sqlite3.Error as error:
        if is_damage(error):
            raise _DamagedError from error
        raise as_store_error(path, error) from error


def _replace(path: Path) -> str:
    """Rename the damaged file and its log, and start a new file with every run that can be read. Return the notice."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))
    _create_or_migrate(path)
    saved, total = _recover(aside, path)
    return (
        f"The store of runs was damaged. The file was set aside as {aside}, and a new one was started with "
        f"{saved} of the {total} runs in it."
    )


def _recover(aside: Path, path: Path) -> tuple[int, int]:
    """Copy every run that can be read completely. Return how many were copied, and how many there are."""
    with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as old, transaction(path) as new:
        try:
            run_ids = [run_id for (run_id,) in old.execute("SELECT run_id FROM runs ORDER BY rowid").fetchall()]
        except sqlite3.Error:
            return 0, 0
        with suppress(sqlite3.Error):
            guesses = old.execute("SELECT race, owner, lead FROM guesses")
            new.executemany("INSERT INTO guesses VALUES (?, ?, ?)", guesses)
        return sum(_recover_run(old, new, run_id) for run_id in run_ids), len(run_ids)


def _recover_run(old: sqlite3.Connection, new: sqlite3.Connection, run_id: str) -> bool:
    """Copy a run with its records, checkpoints and owners. Return False if it cannot be read completely."""
    try:
        rows = {table: _rows_of(old, table, run_id) for table in RUN_TABLES}
        _check_complete(rows["runs"][0], rows["records"])
    except (sqlite3.Error, LabError, ValueError, TypeError, KeyError):
        return False
    for table, table_rows in rows.items():
        for row in table_rows:
            marks = ", ".join("?" * len(row))
            new.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    return True


def _rows_of(database: sqlite3.Connection, table: str, run_id: str) -> list[dict[str, Any]]:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    if not columns:
        return []  # a file of version 1 has no such table
    order = "ORDER BY number" if table == "records" else ""
    values = database.execute(f"SELECT * FROM {table} WHERE run_id = ? {order}", (run_id,)).fetchall()
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    if table == "records" and "kind" not in columns:
        for row in rows:  # up to version 3 the kind was part of the body
            body = json.loads(row["body"])
            row |= {"kind": body.pop("kind"), "body": json.dumps(body)}
    return rows


def _check_complete(run: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Raise ValueError if losses are missing: between two records, or at the end of a finished run."""
    config = RunConfig(**json.loads(run["config"]))
    steps = config.first_step
    for record in [decode(row["kind"], row["body"]) for row in records]:
        if isinstance(record, BatchLosses):
            if record.first_step != steps:
                raise ValueError("losses are missing")
            steps += len(record.losses)
    if run["status"] == "finished" and steps != config.total_steps:
        raise ValueError("the last losses are missing")
