"""The table that a learning platform has exported, filled with the grades of a class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, TextIO

from hw5core.errors import TableError
from hw5core.homework.grading.canvas import Canvas
from hw5core.homework.grading.moodle import MoodleGrades, MoodleWorksheet
from hw5core.homework.grading.reading import Row, Table
from hw5core.homework.grading.students import GradedClass, Key, Matching, Unmatched
from hw5core.homework.grading.writing import TableWriter

TITLE = "HW5"
MAX_TITLE = 100

Platform = Canvas | MoodleGrades | MoodleWorksheet


@dataclass(frozen=True)
class Filled:
    """What became of a platform's table: which platform, how many grades were written, who was left out, and how to
    import it."""

    platform: str
    written: int
    without_answers: int
    unmatched: tuple[Unmatched, ...]
    advice: str


class Export:
    """The open table of a platform, recognised by its columns. Raises TableError."""

    def __init__(self, file: BinaryIO, title: str, most: Fraction) -> None:
        self._table = Table(file)
        self.platform = _platform(self._table.header, title.strip() or TITLE, most)
        self.encoding = self.platform.encoding

    def fill(self, graded: GradedClass, output: TextIO) -> Filled:
        """Write the table with the grades. Raises TableError."""
        matching = graded.match(self._keys())
        matching.unmatched += [
            Unmatched("platform", row.number, "".join(row.cells[:1])[:80], row.problem)
            for row in self._table.rows()
            if row.problem
        ]
        advice = self.platform.check(matching)
        TableWriter(output).write_all([self.platform.header])
        TableWriter(output).write_all(self._filled(matching))
        return Filled(
            self.platform.title, len(matching.students), matching.without_answers, tuple(matching.unmatched), advice
        )

    def _rows(self) -> Iterator[Row]:
        return (row for row in self._table.rows() if not row.problem)

    def _keys(self) -> Iterator[tuple[int, list[Key]]]:
        for row in self._rows():
            keys = self.platform.keys(row)
            if keys is not None:
                yield row.number, keys

    def _filled(self, matching: Matching) -> Iterator[Sequence[str]]:
        for row in self._rows():
            cells = self.platform.row(row, matching.students.get(row.number))
            if cells is not None:
                yield cells


def _platform(header: Sequence[str], title: str, most: Fraction) -> Platform:
    if len(title) > MAX_TITLE:
        raise TableError(f"the title has at most {MAX_TITLE} characters")
    if Canvas.recognises(header):
        return Canvas(header, title)
    if MoodleWorksheet.recognises(header):
        return MoodleWorksheet(header)
    if MoodleGrades.recognises(header):
        return MoodleGrades(header, title, most)
    raise TableError(
        "it is no export that is known: Canvas's gradebook has the columns Student, ID and Section, Moodle's grades "
        "have ID number or Email address, and Moodle's grading worksheet has Identifier, Grade and Maximum Grade"
    )
