"""Files that commands read and write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from hw5core.errors import TableError


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
    """Open a file for writing, which gets its name only if all of it is written. Raises TableError."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding=encoding, newline="") as file:
            yield file
        os.replace(part, path)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
