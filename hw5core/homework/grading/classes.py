"""A whole class graded: the table that comes in, the same table with points and reasons, and a summary."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO

from hw5core.errors import TableError
from hw5core.homework.answers.matching import Asked
from hw5core.homework.grading.columns import read_columns
from hw5core.homework.grading.grades import Grade, Grader, decimal
from hw5core.homework.grading.reading import Row, Table
from hw5core.homework.grading.writing import TableWriter
from hw5core.network.counting import Count

MAX_POINTS = 10_000
VARIANT = "variant"
"""The name of the column with the name, number or code behind each student's variant, if none is given."""

_LISTED = 1_000
"""The largest number of broken rows that are listed."""


@dataclass
class Summary:
    """What a grading found: how many students, how many of them without a grade and why, and the mean share.

    `broken` lists the first rows without a grade. `without_grade` counts all of them.
    """

    students: int = 0
    graded: int = 0
    broken: list[Row] = field(default_factory=list)
    shares: Counter[Fraction] = field(default_factory=Counter)
    """How many students have each share of the points."""

    @property
    def without_grade(self) -> int:
        return self.students - self.graded

    @property
    def mean(self) -> Fraction | None:
        """The mean share of the points, from 0 to 1; None without grades."""
        total = sum((share * times for share, times in self.shares.items()), Fraction())
        return total / self.graded if self.graded else None

    def add(self, row: Row, grade: Grade) -> None:
        self.students += 1
        if grade.share is None:
            if len(self.broken) < _LISTED:
                self.broken.append(Row(row.number, row.cells[:1], grade.problem))
            return
        self.graded += 1
        self.shares[grade.share] += 1


class Class:
    """The answers of a class in an open file, ready to be graded. Raises LabError.

    With `variants`, each student has their own variant of the network, by the column of this name.
    """

    def __init__(
        self, file: BinaryIO, counted: Count, asked: Sequence[Asked], most: Fraction, variants: str | None = None
    ) -> None:
        if not any(one.right for one in asked):
            raise TableError("the network has no layer with parameters")
        if not 0 < most <= MAX_POINTS:
            raise TableError(f"the points must be more than 0 and at most {MAX_POINTS:,}")
        self.table = Table(file)
        self.columns = read_columns(self.table.header, asked)
        by_variant = None if variants is None else _column(self.table.header, variants)
        self.grader = Grader(counted, self.columns, asked, by_variant)
        self.most = most
        self.summary = Summary()

    def graded(self) -> Iterator[tuple[Row, Grade]]:
        """Yield each row with its grade."""
        for row in self.table.rows():
            grade = self.grader.grade(row)
            self.summary.add(row, grade)
            yield row, grade

    def header(self) -> list[str]:
        """Return the header of the graded table."""
        own = ["variant of the network"] * (self.grader.by_variant is not None)
        return [*self.table.header, *own, "points", "of", "reasons"]

    def row(self, row: Row, grade: Grade) -> list[str]:
        """Return a row of the graded table."""
        width = len(self.table.header)
        cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
        own = [grade.variant] * (self.grader.by_variant is not None)
        return [*cells, *own, grade.points(self.most), decimal(self.most), grade.reasons]

    def write(self, writer: TableWriter) -> Iterator[tuple[Row, Grade]]:
        """Write the graded table, and yield each row with its grade as soon as it is written."""
        writer.write(self.header())
        for row, grade in self.graded():
            writer.write(self.row(row, grade))
            yield row, grade


def _column(header: Sequence[str], name: str) -> int:
    """Return the column of this name. Raises TableError if there is none."""
    wanted = name.strip().casefold()
    found = [at for at, one in enumerate(header) if one.casefold() == wanted]
    if len(found) != 1:
        which = f"no column “{name[:60]}”" if not found else f"more than one column “{name[:60]}”"
        raise TableError(f"it has {which} with the name or number behind each student's variant")
    return found[0]
