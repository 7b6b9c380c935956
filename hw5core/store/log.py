"""The write-ahead log next to the store's file: is it complete, and what is in it?

SQLite ignores everything after the first damaged page of a log without saying so. So the log is read here before SQLite
opens it. The format is documented in https://www.sqlite.org/fileformat2.html#walformat; `-shm` is its index.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = {0x377F0682: "<u4", 0x377F0683: ">u4"}
"""The first number of a log, and the order of the bytes in which its checksums are computed."""

_HEADER, _FRAME_HEADER = 32, 24
_INDEX_VERSION = 3007000
_AT_ONCE = 2048
"""How many pages are checked at the same time: 8 MB."""


@dataclass(frozen=True)
class Log:
    """The log of a store. `pages` is the number of its pages up to the last complete transaction.

    It is damaged if SQLite would ignore some of these, and cut off if its index knows of more, which the store's file
    does not have either.
    """

    path: Path
    page_size: int
    pages: int
    is_damaged: bool
    is_cut_off: bool

    def apply_to(self, file: Path) -> None:
        """Write all pages of the log into a copy of the store's file. Damaged pages too: each row has a checksum."""
        frames = _frames(self.path, self.page_size)[: self.pages]
        file.touch()
        most = self.pages + file.stat().st_size // self.page_size
        with file.open("r+b") as written:
            for frame in frames:
                number = int.from_bytes(frame[:4].tobytes())
                if 0 < number <= most:
                    written.seek((number - 1) * self.page_size)
                    written.write(frame[_FRAME_HEADER:].tobytes())
            written.seek(18)
            written.write(b"\x01\x01")  # a file without a log


NO_LOG = Log(Path(), 4096, 0, is_damaged=False, is_cut_off=False)


@dataclass(frozen=True)
class _Index:
    """What the index of the log says: its salts, how many pages the log has, and how many of them the file has too."""

    salts: bytes
    pages: int
    copied: int


def read_log(path: Path) -> Log:
    """Read the log of the store `path`. Raise OSError."""
    log_path, index = path.with_name(f"{path.name}-wal"), _read_index(path.with_name(f"{path.name}-shm"))
    header = _start_of(log_path, _HEADER)
    order = _MAGIC.get(int.from_bytes(header[:4]), "<u4")
    is_valid = len(header) == _HEADER and int.from_bytes(header[:4]) in _MAGIC and _has_its_sum(header, order)
    page_size = int.from_bytes(header[8:12]) if is_valid else _page_size_of(path)
    frames = _frames(log_path, page_size)
    salts = header[16:24] if is_valid else frames[0, 8:16].tobytes() if len(frames) else b""
    is_own = (frames[:, 8:16] == np.frombuffer(salts or bytes(8), np.uint8)).all(axis=1)
    commits = np.flatnonzero(is_own & frames[:, 4:8].any(axis=1))
    pages = int(commits[-1]) + 1 if len(commits) else 0
    knows_more = index is not None and index.pages > pages and (index.salts == salts or not len(frames))
    if index and knows_more:
        pages = min(index.pages, len(frames))
    is_damaged = pages > 0 and not (is_valid and is_own[:pages].all() and _is_intact(frames[:pages], header, order))
    is_cut_off = bool(index and knows_more and index.pages > len(frames) and index.pages > index.copied)
    return Log(log_path, page_size, pages, is_damaged, is_cut_off)


def _read_index(path: Path) -> _Index | None:
    """Read the index that a server has left behind, or return None if there is none or it is damaged."""
    start = _start_of(path, 100)
    if len(start) < 100 or start[:48] != start[48:96] or struct.unpack("=I", start[:4])[0] != _INDEX_VERSION:
        return None
    return _Index(start[32:40], *struct.unpack("=I", start[16:20]), *struct.unpack("=I", start[96:100]))


def _start_of(path: Path, length: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(length)


def _page_size_of(path: Path) -> int:
    size = int.from_bytes(_start_of(path, 18)[16:18])
    return size if size >= 512 and size & (size - 1) == 0 else 4096


def _frames(path: Path, page_size: int) -> NDArray[np.uint8]:
    """Return the pages of a log, each with its header, one per row."""
    length = _FRAME_HEADER + page_size
    number = (path.stat().st_size - _HEADER) // length if path.exists() else 0
    if number <= 0:
        return np.zeros((0, length), np.uint8)
    return np.memmap(path, np.uint8, "r", _HEADER, (number, length))


def _has_its_sum(header: bytes, order: str) -> bool:
    sums = _sums(_words(header[:24], order)[None], np.zeros((1, 2), np.uint32))
    return np.array_equal(sums[0], np.frombuffer(header[24:], ">u4"))


def _is_intact(frames: NDArray[np.uint8], header: bytes, order: str) -> bool:
    """Return True if every page has its checksum. Each continues the checksum of the page before."""
    before: NDArray[Any] = np.frombuffer(header[24:], ">u4").astype(np.uint32)[None]
    for part in _parts(frames):
        stored = _words(np.ascontiguousarray(part[:, 16:24]), ">u4").astype(np.uint32)
        words = _words(np.concatenate([part[:, :8], part[:, _FRAME_HEADER:]], axis=1), order)
        if not np.array_equal(_sums(words, np.concatenate([before, stored[:-1]])), stored):
            return False
        before = stored[-1:]
    return True


def _parts(frames: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(frames), _AT_ONCE):
        yield frames[start : start + _AT_ONCE]


def _words(content: bytes | NDArray[np.uint8], order: str) -> NDArray[Any]:
    """Return bytes as numbers of 32 bits."""
    return np.frombuffer(content, order) if isinstance(content, bytes) else content.view(order)


def _sums(words: NDArray[Any], before: NDArray[Any]) -> NDArray[np.uint32]:
    """Return SQLite's two checksums of each row of words, which continue those in `before`."""
    first, second = before[:, 0].astype(np.uint32), before[:, 1].astype(np.uint32)
    for place in range(0, words.shape[1], 2):
        first = first + words[:, place].astype(np.uint32) + second
        second = second + words[:, place + 1].astype(np.uint32) + first
    return np.stack([first, second], axis=1)
