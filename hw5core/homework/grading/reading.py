"""Tables as spreadsheets and learning platforms write them: any usual encoding and separator, read row by row.

Nothing keeps more than one row in memory. A row that cannot be read is reported, and the rows after it are read.
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hw5core.errors import TableError

MAX_ROW = 100_000
"""The largest number of characters in a row."""

MAX_CELL = 20_000
MAX_COLUMNS = 300

_SEPARATORS = ",;\t"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_PROBE = 4_096
_BLOCK = 1 << 20
_WINDOWS = "cp1252"


@dataclass(frozen=True)
class Row:
    """A row of a table: its number in a spreadsheet, its cells, and why it cannot be used, "" if it can."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


class Table:
    """A table in an open binary file. The first row has the names of the columns. Raises TableError."""

    def __init__(self, file: BinaryIO) -> None:
        self.encoding = encoding_of(file)
        file.seek(0)
        self._file = file
        self._text = io.TextIOWrapper(file, self.encoding, errors="replace", newline="")
        rows = self._read()
        header = next(rows, None)
        if header is None or header.problem:
            problem = f"its first row cannot be read: {header.problem}" if header else "it is empty"
            raise TableError(f"{problem}. The first row has the names of the columns")
        if len(header.cells) > MAX_COLUMNS:
            raise TableError(f"it has more than {MAX_COLUMNS} columns")
        self.header = tuple(cell.strip() for cell in header.cells)

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header. Each that can be used has a cell for each column.

        Each call reads the file from its beginning, and ends those before.
        """
        width = len(self.header)
        for row in itertools.islice(self._read(), 1, None):
            if row.problem or len(row.cells) == width:
                yield row
            elif len(row.cells) < width:
                yield Row(row.number, row.cells + ("",) * (width - len(row.cells)))
            elif any(cell.strip() for cell in row.cells[width:]):
                problem = f"it has {len(row.cells)} cells, but the table has {width} columns"
                yield Row(row.number, row.cells[:width], f"{problem}: put a number with commas in quotes")
            else:
                yield Row(row.number, row.cells[:width])

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def _read(self) -> Iterator[Row]:
        """Yield all rows that are not empty, from the beginning of the file."""
        self._text.seek(0)
        lines = _Lines(self._text)
        first = lines.peek()
        told = re.match(r"sep=(.)\r?\n?$", first)
        if told:  # a spreadsheet reads this line, but does not count it
            next(lines)
        self.separator = told[1] if told else _likely_separator(first)
        reader = csv.reader(lines, delimiter=self.separator, strict=True)
        number = 0
        while True:
            lines.begin_row()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLongError) as error:
                number += 1
                # The first cell often says whose row it is.
                start = lines.taken[0].split(self.separator, 1)[0].strip(' "\r\n')[:100]
                yield Row(number, (start,), _reason(error))
                lines.end_broken_row()
                continue
            number += 1
            if any(len(cell) > MAX_CELL for cell in cells):
                cut = tuple(cell[:MAX_CELL] for cell in cells)
                yield Row(number, cut, f"a cell has more than {MAX_CELL:,} characters")
            elif cells:
                yield Row(number, tuple(cells))


class _TooLongError(Exception):
    """Report a row with more than MAX_ROW characters."""


class _Lines:
    """The lines of a file, which can be taken back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._returned: list[str] = []
        self._size = 0
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else self._readline()
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if self._size > MAX_ROW:
            raise _TooLongError
        return line

    def peek(self) -> str:
        """Return the next line without taking it."""
        line = self._readline()
        self._returned.append(line)
        return line

    def begin_row(self) -> None:
        self.taken, self._size = [], 0

    def end_broken_row(self) -> None:
        """Take back all lines of the row but the first: they may be rows of their own."""
        self._returned += reversed(self.taken[1:])

    def _readline(self) -> str:
        """Return the next line, cut off where it is too long."""
        line = self._text.readline(MAX_ROW + 1)
        rest = line
        while rest and rest[-1] not in "\r\n":
            rest = self._text.readline(MAX_ROW + 1)
        return line


def encoding_of(file: BinaryIO) -> str:
    """Return the encoding of a file: by its mark, by the zeros of UTF-16, as UTF-8 if it is valid, or Windows-1252."""
    file.seek(0)
    probe = file.read(_PROBE)
    for mark, encoding in _MARKS.items():
        if probe.startswith(mark):
            return encoding
    even, odd = probe[::2].count(0), probe[1::2].count(0)
    if max(even, odd) > len(probe) / 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _WINDOWS
    return "utf-8"


def _likely_separator(line: str) -> str:
    """Return the separator that the header has most often outside of quotes."""
    unquoted = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS, key=unquoted.count)


def _reason(error: Exception) -> str:
    if isinstance(error, _TooLongError):
        return f"it has more than {MAX_ROW:,} characters, or a quote that is not closed"
    if "unexpected end" in str(error):
        return "it has a quote that is not closed"
    return "its quotes are not closed or not doubled"
