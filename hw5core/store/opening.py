"""Open the store's file: create it, migrate it, or set it aside if it is damaged and keep what can be read of it."""

import sqlite3
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from hw5core.errors import StoreError
from hw5core.store.connection import as_store_error, is_damage, open_connection
from hw5core.store.recovery import recover
from hw5core.store.schema import check_version, create_or_migrate

_SUFFIXES = ("", "-wal", "-shm")
"""The endings of a database's files: itself, its write-ahead log and the index of that."""


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
            # Indexes too: the check takes as long as one without them.
            if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
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
    new = path.with_name(f"{path.name}.new")
    for suffix in _SUFFIXES:
        _beside(new, suffix).unlink(missing_ok=True)
    _rename(path, aside)
    try:
        _create_or_migrate(new)
        saved, total = recover(aside, new, aside)
    except sqlite3.Error as error:
        _rename(aside, path)
        raise as_store_error(path, error) from error
    except BaseException:
        _rename(aside, path)
        raise
    _rename(new, path)
    return (
        f"The store of runs was damaged. The file was set aside as {aside}, and a new one was started with "
        f"{saved} of the {total} runs in it."
    )


def _rename(path: Path, new: Path) -> None:
    """Rename a database with its log, as far as the files exist."""
    for suffix in _SUFFIXES:
        if _beside(path, suffix).exists():
            _beside(path, suffix).rename(_beside(new, suffix))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
