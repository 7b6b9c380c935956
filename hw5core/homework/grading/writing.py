"""Tables for spreadsheets and learning platforms, in which no cell runs as a formula."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

from hw5core.runs.spreadsheet import safe


class TableWriter:
    """Writes rows of safe cells."""

    def __init__(self, file: TextIO, separator: str = ",") -> None:
        self._writer = csv.writer(file, delimiter=separator, lineterminator="\r\n")

    def write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([safe(cell) for cell in cells])

    def write_all(self, rows: Iterable[Sequence[str]]) -> None:
        for row in rows:
            self.write(row)
