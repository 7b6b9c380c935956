"""Connections to the store's SQLite file, and its errors as sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hw5core.errors import DamagedFileError, StoreError

BUSY_SECONDS = 30
"""How long a statement waits for another program that holds the file."""

_RECOVERY = "Start the app again: it sets the file aside and keeps everything that can be read."
_OTHER_FOLDER = "Let HW5_HOME name a folder that can be written to."

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_NO_ACCESS = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite's errors are in Python: one whose message quotes damaged text cannot be decoded."""


@contextmanager
def transaction(path: Path, may_checkpoint: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a connection for one transaction, which is committed at the end. Raise StoreError if SQLite refuses.

    With `may_checkpoint`, the commit may also copy the write-ahead log into the file, and wait for the disk.
    """
    try:
        # SQLite would create a missing file, and delete the log of an empty one.
        if not path.stat().st_size:
            raise DamagedFileError(f"The store of runs {path} is empty: 0 bytes. {_RECOVERY}")
        with open_connection(path) as database, database:
            if not may_checkpoint:
                database.execute("PRAGMA wal_autocheckpoint=0")
            yield database
    except FileNotFoundError as error:
        raise DamagedFileError(f"The store of runs {path} is missing. {_RECOVERY}") from error
    except OSError as error:
        raise StoreError(f"The store of runs {path} cannot be opened ({error}). {_OTHER_FOLDER}") from error
    except ERRORS as error:
        raise as_store_error(path, error) from error


def open_connection(path: Path) -> "closing[sqlite3.Connection]":
    """Open a connection that closes with its `with` block. Raise sqlite3.Error."""
    database = sqlite3.connect(path, timeout=BUSY_SECONDS)
    accept_damaged_text(database)
    # With the write-ahead log, a power cut then loses the last records at most, and these are computed again.
    database.execute("PRAGMA synchronous=NORMAL")
    return closing(database)


def accept_damaged_text(database: sqlite3.Connection) -> None:
    """Read text that is no text any more without an error: the checksum of its row finds the damage."""
    database.text_factory = _text


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def idle_connection(path: Path) -> sqlite3.Connection:
    """Open a connection that only stays open. Raise StoreError.

    When the last connection closes, SQLite writes its log into the file and waits for the disk. Without this one, each
    record would take three times as long.
    """
    try:
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        database.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the file and its log
    except ERRORS as error:
        raise as_store_error(path, error) from error
    return database


def used_bytes(database: sqlite3.Connection) -> int:
    """Return the size of the rows. The file may be larger: it keeps the space of deleted rows for new ones."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def is_damage(error: Exception) -> bool:
    """Return True if SQLite cannot read the file, or not all of it."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return _code(error) in _DAMAGED or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHORT_READ


def as_store_error(path: Path, error: Exception) -> StoreError:
    """Return the error as a sentence that says what to do."""
    if is_damage(error):
        return DamagedFileError(f"The store of runs {path} is damaged ({error}). {_RECOVERY}")
    match _code(error):
        case code if code in _NO_SPACE:
            what = "cannot be written: the disk is full or fails. Free some space; everything stored so far is intact"
        case code if code in _NO_ACCESS:
            what = f"cannot be opened. {_OTHER_FOLDER.removesuffix('.')}"
        case code if code in _BUSY:
            what = f"was busy for {BUSY_SECONDS} seconds: another program holds it. Close that program, then try again"
        case _:
            what = "cannot be used. Start the app again; if that does not help, let HW5_HOME name another folder"
    return StoreError(f"The store of runs {path} {what} ({error}).")


def _code(error: Exception) -> int:
    """Return SQLite's primary error code: the lowest byte of an extended one."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
