"""Files that commands read and write."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from hw5core.errors import OutputError, TableError


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a table for reading, and put its name in front of errors about it. Raises TableError."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}") from None
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


@contextmanager
def written(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file for writing, which gets its name only if all of it is written. Raises OutputError."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding=encoding, newline="") as file:
            yield file
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def save(path: Path, content: bytes) -> None:
    """Write a file. Raises OutputError."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None


def check_paths(read: Sequence[Path], written_to: Sequence[Path]) -> None:
    """Check that a command overwrites no file that it reads or has written. Raises OutputError."""
    taken = {path.resolve() for path in read}
    for path in written_to:
        if path.resolve() in taken:
            raise OutputError(f"{path} is named twice, and would be overwritten: give the file to write another name")
        taken.add(path.resolve())
