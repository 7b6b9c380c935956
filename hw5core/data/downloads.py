"""Downloads of a dataset's files into the cache with torchvision: one process at a time, visible to all.

Other processes see a download without asking the one that makes it: it holds a lock, and the bytes are in the cache's
files.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hw5core import home
from hw5core.data.sources import Files
from hw5core.data.torchvision_import import torchvision_datasets
from hw5core.errors import DownloadError

SILENCE_SECONDS = 20
"""How long a publisher's server may send nothing before the download is given up."""

PROBE_SECONDS = 1.0
"""How long another process may hold the lock without downloading, because it only asks for a download's progress."""


@dataclass(frozen=True)
class Download:
    """The progress of a download in bytes. `kind` is the dataset's folder."""

    kind: str
    arrived: int
    total: int

    @property
    def fraction(self) -> float:
        return self.arrived / self.total

    def __str__(self) -> str:
        return f"{self.arrived / 1e6:.1f} of {self.total / 1e6:.1f} MB"


def current_download(files: Files) -> Download | None:
    """Return the progress of the download of these files by any process on this machine, or None if there is none."""
    lock = _lock(files)
    if not Path(lock.lock_file).exists():
        return None
    try:
        with lock.acquire(blocking=False):
            return None
    except Timeout:
        return _progress(files)


@contextmanager
def download_lock(files: Files) -> Iterator[bool]:
    """Wait until no other process downloads these files, and keep others waiting. Yields True if it had to wait."""
    home.cache_folder().mkdir(parents=True, exist_ok=True)
    lock = _lock(files)
    waited = False
    try:
        lock.acquire(timeout=PROBE_SECONDS)
    except Timeout:
        waited = True
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def download(files: Files) -> None:
    """Download and unpack the files. Call it inside `download_lock`. Raises DownloadError."""
    if files.torchvision_class is None:
        raise DownloadError("no publisher is known")
    # An earlier download may have stopped in the middle of a file.
    for file in files:
        files.packed_path(home.cache_folder(), file).unlink(missing_ok=True)
    try:
        with _socket_timeout(SILENCE_SECONDS):
            getattr(torchvision_datasets(), files.torchvision_class)(home.cache_folder(), download=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise DownloadError(failure(files)) from error


def failure(files: Files) -> str:
    """Return a few words on how far a failed download came."""
    progress = _progress(files)
    return f"the connection broke off after {progress}" if progress.arrived else "its publisher cannot be reached"


def _lock(files: Files) -> FileLock:
    return FileLock(home.cache_folder() / f"{files.folder}.lock", thread_local=False)


def _progress(files: Files) -> Download:
    cache = home.cache_folder()
    arrived = sum(min(file.packed_size, _size(files.packed_path(cache, file))) for file in files)
    return Download(files.folder, arrived, sum(file.packed_size for file in files))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Set the socket module's default timeout, because torchvision sets no time limit for its downloads."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
