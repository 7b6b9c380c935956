"""Open the store's file: create it, migrate it, or set it aside if it is damaged and keep what can be read of it."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from hw5core.errors import StoreError
from hw5core.store.connection import ERRORS, as_store_error, idle_connection, is_damage, open_connection
from hw5core.store.log import NO_LOG, Log, read_log
from hw5core.store.presence import any_alive
from hw5core.store.recovery import recover
from hw5core.store.schema import check_version, create_or_migrate, has_wrong_version

_SUFFIXES = ("", "-wal", "-shm")
"""The endings of a database's files: itself, its write-ahead log and the index of that."""


_CAN_ASK = os.access in os.supports_effective_ids

_IN_USE = "-open"
"""The ending of a file that exists while a program has the store open, and after one was killed."""


_held: Counter[Path] = Counter()
"""How often this process has each store open. Then the log is not read: closing it would end the locks of SQLite."""


class _DamagedError(Exception):
    """The store cannot be read, or not all of it. The text says what is wrong, as in "its file is empty"."""


def open_store(path: Path) -> str:
    """Create the file if it is missing, migrate it if it is older, and replace it if it is damaged.

    A damaged file is renamed, never deleted. Return a notice for the users about that, or an empty string. Raise
    StoreError if the file cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process at a time: two processes must not both migrate a file or set it aside.
        with FileLock(path.with_suffix(".lock")):
            _check_places(path)
            log = NO_LOG if _held[path] else read_log(path)
            try:
                _check_files(path, log)
                notice = _notice_of_lost_log(path, log)
                _create_or_migrate(path)
            except _DamagedError as error:
                return _replace(path, log, str(error))
            return notice
    except OSError as error:
        raise StoreError(
            f"The store of runs {path} cannot be opened ({error}). Let HW5_HOME name a folder that can be written to."
        ) from error


def hold_open(path: Path) -> Callable[[], None]:
    """Keep a connection to the store, and return the function that closes it. Raise StoreError."""
    database = idle_connection(path)
    _held[path] += 1
    marker = _beside(path, _IN_USE)
    with suppress(OSError):
        marker.touch()

    def close() -> None:
        database.close()
        _held[path] -= 1
        with suppress(OSError):
            if not _beside(path, "-wal").exists():  # SQLite deletes its log when nobody else has the store open
                marker.unlink(missing_ok=True)

    return close


def _check_places(path: Path) -> None:
    """Raise StoreError if one of the store's files may not be written, or if something else has its name."""
    for suffix in _SUFFIXES:
        place = _beside(path, suffix)
        if place.exists() and not place.is_file():
            raise StoreError(
                f"{place} is {'a folder' if place.is_dir() else 'no file'}, but the store of runs needs a file of this "
                "name. Move it away, or let HW5_HOME name another folder."
            )
        # SQLite would create a log that may not be written either, and leave it behind.
        if place.exists() and not os.access(place, os.R_OK | os.W_OK, effective_ids=_CAN_ASK):
            raise StoreError(
                f"The app may not write to {place}. Change the rights of the file, or let HW5_HOME name a folder that "
                "can be written to."
            )


def _check_files(path: Path, log: Log) -> None:
    """Raise _DamagedError where SQLite would start an empty store, or ignore a part of the log, without saying so."""
    if path.exists() and not path.stat().st_size:
        raise _DamagedError("its file is empty")
    if not path.exists() and (log.pages or _beside(path, _IN_USE).exists()):
        raise _DamagedError("its file is missing")
    # While another server writes to the log, its end may look damaged.
    if log.is_damaged and not any_alive(path.parent):
        raise _DamagedError("its log is damaged")


def _notice_of_lost_log(path: Path, log: Log) -> str:
    """Return a notice if the end of the log is missing, or all of it: the file itself is intact without it."""
    is_gone = _beside(path, _IN_USE).exists() and not any(_beside(path, name).exists() for name in ("-wal", "-shm"))
    if not (log.is_cut_off or is_gone):
        return ""
    if is_gone:  # or another program that had the store open was the last to close it
        return (
            f"The log of the store of runs, {log.path}, is missing. If it was deleted after a server had been stopped "
            "by force, the last changes are lost, and every run is as it was before them."
        )
    return (
        f"The log of the store of runs, {log.path}, was {'cut off' if log.path.exists() else 'deleted'} after a server "
        "had been stopped by force. The last changes are lost, and every run is as it was before them. A run that "
        "continues computes the same numbers again."
    )


def _create_or_migrate(path: Path) -> None:
    try:
        with open_connection(path) as database:
            check_version(database, path)
            # Indexes too: the check takes as long as one without them.
            if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok" or has_wrong_version(database):
                raise _DamagedError("its file is damaged")
            database.execute("PRAGMA journal_mode=WAL")
            create_or_migrate(database)
    except ERRORS as error:
        if is_damage(error):
            raise _DamagedError("its file is damaged") from error
        raise as_store_error(path, error) from error


def _replace(path: Path, log: Log, what: str) -> str:
    """Rename the damaged file and its log, and start a new file with every run that can be read. Return the notice."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    new, whole = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.whole")
    _delete(new, whole)
    try:
        if log.pages:
            if path.exists():
                shutil.copyfile(path, whole)
            log.apply_to(whole)
        _rename(path, aside)
        _create_or_migrate(new)
        saved, total = recover(whole if log.pages else aside, new, aside)
        _rename(new, path)
    except BaseException as error:
        _rename(aside, path)
        if isinstance(error, ERRORS):
            raise as_store_error(path, error) from error
        raise
    finally:
        _delete(new, whole)
    return (
        f"The store of runs was damaged: {what}. What there was is set aside as {aside}, and a new file was started "
        f"with {saved} of the {total} runs in it."
    )


def _delete(*paths: Path) -> None:
    for path in paths:
        for suffix in _SUFFIXES:
            _beside(path, suffix).unlink(missing_ok=True)


def _rename(path: Path, new: Path) -> None:
    """Rename a database with its log, as far as the files exist."""
    for suffix in _SUFFIXES:
        if _beside(path, suffix).exists():
            _beside(path, suffix).rename(_beside(new, suffix))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
