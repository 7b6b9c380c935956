"""Presence: how servers that share a store know which of them are still running.

Each server holds a lock file. The operating system releases the lock when the process ends, also after `kill -9`, so
nothing has to be renewed and clocks do not matter. The store's write-ahead log needs all servers on one machine anyway.
"""

import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from hw5core.errors import StoreError


class Presence:
    """Marks this process as one of the store's servers, under its own `token`, until `close` or the process's end."""

    def __init__(self, folder: Path) -> None:
        self.token = uuid.uuid4().hex
        self._path = _lock_path(folder, self.token)
        self._lock = FileLock(self._path, thread_local=False)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except OSError as error:
            raise StoreError(
                f"This server cannot keep its lock file in {self._path.parent} ({error}). That must be a folder that "
                "can be written to: move away what is there, or let HW5_HOME name another folder."
            ) from error

    def close(self) -> None:
        """Let other servers continue this server's unfinished runs."""
        self._lock.release()
        self._path.unlink(missing_ok=True)


def is_alive(folder: Path, token: str) -> bool:
    """Return True if the server with this token is running. Remove the lock file of a dead server."""
    path = _lock_path(folder, token)
    if not token or not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False


def any_alive(folder: Path) -> bool:
    """Return True if a server of this store is running."""
    return any(is_alive(folder, path.stem) for path in (folder / "servers").glob("*.lock"))


def _lock_path(folder: Path, token: str) -> Path:
    return folder / "servers" / f"{token}.lock"
