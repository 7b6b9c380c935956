"""Downloads of a dataset's files into the cache: one process at a time, visible to all.

Other processes see a download without asking the one that makes it: it holds a lock, and the bytes are in the cache's
files. A file of the cache is replaced only by one that has arrived completely and passed its check.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from hw5core import home
from hw5core.data.content import in_words, read_content
from hw5core.data.places import is_here
from hw5core.data.sources import File, Files
from hw5core.errors import DataError, DownloadError

PROBE_SECONDS = 1.0
"""How long another process may hold the lock without downloading, because it only asks for a download's progress."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


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
    try:
        if not Path(lock.lock_file).exists():
            return None
        with lock.acquire(blocking=False):
            return None
    except Timeout:
        return _progress(files)
    except OSError:  # a cache that this process may not use
        return None


@contextmanager
def download_lock(files: Files) -> Iterator[bool]:
    """Wait until no other process downloads these files, and keep others waiting. Yield True if it had to wait.

    Raise DownloadError if the cache cannot be used.
    """
    lock, waited = _lock(files), False
    with _writing(home.cache_folder(), files):
        home.cache_folder().mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=PROBE_SECONDS)
        except Timeout:
            waited = True
            lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def download(files: Files, missing: Iterable[File], published: Mapping[str, str]) -> None:
    """Download these files into the cache. Call it inside `download_lock`.

    `published` has the name of the dataset to which each known MD5 belongs. Raise DownloadError with the cause, which
    `last_failure` returns afterwards.
    """
    if not files.mirrors:
        raise DownloadError("no publisher is known")
    mirrors = list(files.mirrors)
    try:
        with _writing(home.cache_folder(), files):
            _failure_path(files).unlink(missing_ok=True)
            for file in missing:
                _download_file(files, file, mirrors, published)
    except DownloadError as error:
        with suppress(OSError):
            _failure_path(files).write_text(str(error), encoding="utf-8")
        raise


def last_failure(files: Files) -> str:
    """Return the cause of the last download's failure, or "" if it is not known. Call it inside `download_lock`."""
    try:
        return _failure_path(files).read_text(encoding="utf-8")
    except OSError:
        return ""


def _download_file(files: Files, file: File, mirrors: list[str], published: Mapping[str, str]) -> None:
    """Download one file from the first mirror that has it, and move that mirror to the front of the list."""
    from hw5core.data.transfer import TransferError, transfer  # loads requests, and few processes download

    path = files.path(home.cache_folder(), file)
    path.parent.mkdir(parents=True, exist_ok=True)
    failures: dict[str, list[str]] = {}
    for mirror in mirrors.copy():
        part = _part(path)
        try:
            transfer(f"{mirror}{file.name}.gz", part)
            content = read_content(part, file, published)
        except TransferError as error:
            after = f" after {_progress(files)}" if _size(part) else ""
            failures.setdefault(f"{error}{after}", []).append(urlsplit(mirror).netloc)
        except DataError as error:
            failures.setdefault(f"the file that came {error}", []).append(urlsplit(mirror).netloc)
        else:
            _put(content, path)
            mirrors.remove(mirror)
            mirrors.insert(0, mirror)
            return
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    raise DownloadError("; ".join(f"{' and '.join(hosts)}: {cause}" for cause, hosts in failures.items()))


def _put(content: bytes, path: Path) -> None:
    """Write the content to a new file, which then replaces the file at this path in one step."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path, files: Files) -> Iterator[None]:
    """Raise DownloadError with the reason if something in this folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            needed = sum(file.size for file in files) / 1e6
            raise DownloadError(f"the disk is full; {files.folder} needs {needed:.1f} MB in {folder}") from error
        where = error.filename2 or error.filename or folder
        raise DownloadError(f"{where} cannot be written: {in_words(error)}") from error


def _lock(files: Files) -> FileLock:
    return FileLock(home.cache_folder() / f"{files.folder}.lock", thread_local=False)


def _failure_path(files: Files) -> Path:
    return home.cache_folder() / f"{files.folder}.failure"


def _part(path: Path) -> Path:
    """Return the path to which the packed file is written while it arrives."""
    return path.with_name(f"{path.name}.gz.part")


def _progress(files: Files) -> Download:
    cache = home.cache_folder()
    arrived = 0
    for file in files:
        part = _size(_part(files.path(cache, file)))
        arrived += min(file.packed_size, part) if part else file.packed_size * is_here(files, file)
    return Download(files.folder, arrived, sum(file.packed_size for file in files))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
