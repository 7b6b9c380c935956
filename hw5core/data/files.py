"""Finds, checks and reads the files of a dataset, and downloads those that are missing.

Each file may be in the folder that HW5_DATA names or in the cache, packed or unpacked. It is checked before it is used.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw5core import home
from hw5core.data import downloads
from hw5core.data.content import read_content
from hw5core.data.places import is_here, paths, roots, what_is_in
from hw5core.data.sources import File, Files
from hw5core.errors import DataError, DownloadError


@dataclass(frozen=True)
class _Search:
    """The content of each file that was found, and what is wrong with each path that was not used."""

    found: dict[File, bytes]
    faults: dict[Path, str]


def are_complete(files: Files) -> bool:
    """Return True if all files are on this machine. The content of images is not checked."""
    return all(is_here(files, file) for file in files)


def read(files: Files, published: Mapping[str, str]) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    """Return all pixels (as one row), all labels, and a note if files were downloaded or a file was not used.

    `published` has the name of the dataset to which each known MD5 belongs. Download the files that are missing.
    Raise DataError if that fails.
    """
    search = _search(files, published)
    notes = [f"{path} was not used: it {fault}" for path, fault in search.faults.items()]
    if len(search.found) < len(list(files)):
        search = _download(files, published)
        notes.append("downloaded again" if notes else "downloaded")
    return *_arrays(files, search.found), "; ".join(notes)


def _search(files: Files, published: Mapping[str, str]) -> _Search:
    """Read each file at the first path where it is usable."""
    search = _Search({}, {})
    for file in files:
        for path in paths(files, file):
            if not os.path.lexists(path):
                continue
            try:
                search.found[file] = read_content(path, file, published)
                break
            except DataError as error:
                search.faults[path] = str(error)
    return search


def _download(files: Files, published: Mapping[str, str]) -> _Search:
    """Download the missing files, one process at a time, and return all. Raise DataError if that fails.

    A process that waited while another one failed does not try again.
    """
    try:
        with downloads.download_lock(files) as waited:
            search = _search(files, published)
            missing = [file for file in files if file not in search.found]
            if missing and waited and (reason := downloads.last_failure(files)):
                raise DownloadError(reason)
            if missing:
                downloads.download(files, missing, published)
    except DownloadError as error:
        raise DataError(_advice(files, _search(files, published), str(error))) from error
    search = _search(files, published)
    if len(search.found) < len(list(files)):
        raise DataError(_advice(files, search, "another program has changed the files"))
    return search


def _advice(files: Files, search: _Search, reason: str) -> str:
    """Return why the files are missing, what a person can do about it, and what was found where."""
    names = [file.name for file in files]
    missing = [file.name for file in files if file not in search.found]
    if search.found:
        here, wanted = f"Only {len(search.found)} of its {len(names)} files are", ", ".join(missing)
    else:
        here, wanted = "It is not", f"its {len(names)} files, such as {names[0]},"
    return (
        f"{files.folder} could not be downloaded: {reason}. {here} on this machine. Try again, or choose the built-in "
        f"digits, which need no network, or put {wanted} (packed as .gz or unpacked) into "
        f"{files.path(roots()[0], next(iter(files))).parent}. "
        f"{' '.join(_found_in(root, files, search) for root in roots())}"
    )


def _found_in(root: Path, files: Files, search: _Search) -> str:
    """Return a sentence on what is wrong with the files below a root folder."""
    name = f"{root} (the cache)" if root == home.cache_folder() else f"{root} (HW5_DATA)"
    faults = [f"{path.relative_to(root)} {fault}" for path, fault in search.faults.items() if path.is_relative_to(root)]
    return f"In {name}, {', '.join(faults)}." if faults else f"{name} {what_is_in(root, files)}."


def _arrays(files: Files, content: Mapping[File, bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the content behind the headers, whose lengths are fixed. torchvision would cost each worker 70 MiB."""
    pixels = [np.frombuffer(content[images], np.uint8, offset=16) for images, _ in files.pairs]
    labels = [np.frombuffer(content[labels], np.uint8, offset=8) for _, labels in files.pairs]
    return np.concatenate(pixels), np.concatenate(labels).astype(np.int64)
