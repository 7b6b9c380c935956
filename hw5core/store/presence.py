"""How servers that share one store tell whether the one that trains a run still lives.

Each holds a lock file. The system lets go of it when the process ends, kill -9 included, so there is nothing to renew
and no clock to trust; the store's write-ahead log needs one machine for all anyway.
"""

import uuid
from pathlib import Path

from filelock import FileLock, Timeout


class Presence:
    """This process among a store's servers, under a `token` of its own, until `close` or its end."""

    def __init__(self, folder: Path) -> None:
        self.token = uuid.uuid4().hex
        self._path = _lock_path(folder, self.token)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self._path, thread_local=False)
        self._lock.acquire(blocking=False)

    def close(self) -> None:
        """Let others take over what this server left unfinished."""
        self._lock.release()
        self._path.unlink(missing_ok=True)


def is_alive(folder: Path, token: str) -> bool:
    """Whether the server of this token still runs. Of a dead one the lock file is removed."""
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


def _lock_path(folder: Path, token: str) -> Path:
    return folder / "servers" / f"{token}.lock"
