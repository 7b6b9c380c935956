"""Reads one file of images or labels, packed or unpacked, and says in a few words why it cannot be used."""

import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path

from hw5core.data.sources import File
from hw5core.errors import DataError

_PACKED = b"\x1f\x8b"
"""The first bytes of a gzip file. Some browsers unpack a file and keep its name, so the name proves nothing."""

_SMALL = 100_000
"""The size in bytes of a file whose checksum takes no noticeable time: labels, but not images."""


def read_content(path: Path, file: File, published: Mapping[str, str]) -> bytes:
    """Return the unpacked content of the file at this path.

    `published` has the name of the dataset to which each known MD5 belongs. Raise DataError if the file cannot be
    used. Its text continues a sentence that begins with the path, such as "is a folder".
    """
    try:
        _check_is_file(path)
        with path.open("rb") as opened:
            packed = opened.read(2) == _PACKED
        if not packed and (size := path.stat().st_size) != file.size:
            raise DataError(_other_size(path, size, file))
        with (gzip.open if packed else open)(path, "rb") as opened:
            content: bytes = opened.read(file.size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError("is a damaged gzip file") from None
    except OSError as error:
        raise DataError(f"cannot be read: {in_words(error)}") from error
    if len(content) != file.size:
        found = f"more than {file.size:,}" if len(content) > file.size else f"{len(content):,}"
        raise DataError(f"unpacks to {found} bytes instead of {file.size:,}")
    _check_md5(content, file, published)
    return content


def looks_usable(path: Path, file: File) -> bool:
    """Return True if the file at this path has the right size. The checksum is compared for a small file only."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as opened:
            packed = opened.read(2) == _PACKED
            if packed:
                opened.seek(-4, os.SEEK_END)  # a gzip file ends with the unpacked size
                size = int.from_bytes(opened.read(4), "little")
            else:
                size = path.stat().st_size
        if size == file.size <= _SMALL:
            read_content(path, file, {})
    except (OSError, DataError):
        return False
    return size == file.size


def in_words(error: OSError) -> str:
    """Return the system's words for an error, such as "permission denied"."""
    return (error.strerror or "unknown error").lower()


def _check_is_file(path: Path) -> None:
    """Raise DataError if there is something else at this path, and FileNotFoundError if there is nothing."""
    if path.is_symlink() and not path.exists():
        raise DataError(f"is a link to {path.readlink()}, which does not exist")
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise DataError("is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise DataError("is not an ordinary file")


def _other_size(path: Path, size: int, file: File) -> str:
    with path.open("rb") as opened:
        start = opened.read(200).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "is a web page, not the file"
    return f"has {size:,} bytes instead of {file.size:,}"


def _check_md5(content: bytes, file: File, published: Mapping[str, str]) -> None:
    if not file.md5:
        return
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 == file.md5:
        return
    if md5 in published and file.md5 in published:
        raise DataError(f"is {published[md5]}, not {published[file.md5]}")
    raise DataError("differs from the publisher's file (by its MD5)")
