"""Finds, checks and reads the files of a dataset.

They come from the folder in HW5_DATA, or from the cache, into which they are downloaded once. Either way they are
checked before they are used.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw5core import home
from hw5core.data import downloads
from hw5core.data.sources import File, Files
from hw5core.errors import DataError, DownloadError


def are_complete(files: Files) -> bool:
    """Return True if one folder has all files with the right size. Their content is not checked."""
    return any(not _faults(root, files, thorough=False) for root in _roots())


def read(files: Files) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    """Return all pixels (as one row), all labels, and a note if files were downloaded or a folder was not used.

    Downloads the files if no folder has them complete and undamaged. Raises DataError if that fails.
    """
    notes: list[str] = []
    for root in _roots():
        faults = _faults(root, files, thorough=True)
        if not faults:
            return *_read(root, files), "; ".join(notes)
        if any(files.path(root, file).exists() for file in files):
            notes.append(f"{root} was not used: {', '.join(faults)}")
    _fetch(files, notes)
    notes.append("downloaded again" if notes else "downloaded")
    return *_read(home.cache_folder(), files), "; ".join(notes)


def _roots() -> list[Path]:
    """Return the folders that may hold files: HW5_DATA first, then the cache."""
    given = os.environ.get("HW5_DATA")
    return [*([Path(given)] if given else []), home.cache_folder()]


def _fetch(files: Files, notes: list[str]) -> None:
    """Download the files into the cache, one process at a time. Damaged files there are replaced.

    A process that waited while another one failed does not try again. Raises DataError.
    """
    root = home.cache_folder()
    with downloads.download_lock(files) as waited:
        if not _faults(root, files, thorough=True):
            return
        if waited:
            raise DataError(_cannot_fetch(files, root, notes, downloads.failure(files)))
        # torchvision takes a file that exists for complete.
        for file in files:
            files.path(root, file).unlink(missing_ok=True)
        try:
            downloads.download(files)
        except DownloadError as error:
            raise DataError(_cannot_fetch(files, root, notes, str(error))) from error
        faults = _faults(root, files, thorough=True)
        if faults:
            raise DataError(
                f"{files.folder} arrived damaged ({', '.join(faults)}): try again, or choose the built-in digits."
            )


def _cannot_fetch(files: Files, root: Path, notes: list[str], reason: str) -> str:
    found = f" {'; '.join(notes)}." if notes else ""
    return (
        f"{files.folder} is not on this machine and could not be downloaded: {reason}.{found} Try again, or choose the "
        f"built-in digits, which need no network, or put {', '.join(file.name for file in files)} into "
        f"{files.folder}/raw of the folder in HW5_DATA (or of {root})."
    )


def _read(root: Path, files: Files) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the content behind the headers, whose lengths are fixed. torchvision would cost each worker 70 MiB."""
    pixels = [np.fromfile(files.path(root, images), np.uint8, offset=16) for images, _ in files.pairs]
    labels = [np.fromfile(files.path(root, labels), np.uint8, offset=8) for _, labels in files.pairs]
    return np.concatenate(pixels), np.concatenate(labels).astype(np.int64)


def _faults(root: Path, files: Files, thorough: bool) -> list[str]:
    """Return what is wrong with the files below this root, a few words each. `thorough` also compares checksums."""
    faults = (_fault(files.path(root, file), file, thorough) for file in files)
    return [fault for fault in faults if fault]


def _fault(path: Path, file: File, thorough: bool) -> str:
    if not path.is_file():
        return f"{file.name} is missing"
    size = path.stat().st_size
    if size != file.size:
        return f"{file.name} has {size:,} bytes instead of {file.size:,}"
    if thorough and file.md5:
        with path.open("rb") as content:
            if hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() != file.md5:
                return f"{file.name} differs from the publisher's file (by its MD5)"
    return ""
