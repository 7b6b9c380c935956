"""The gradebook of Canvas: its export, with the column of one assignment filled in."""

import re
from collections.abc import Sequence
from fractions import Fraction

from hw5core.errors import TableError
from hw5core.homework.grading.columns import read_students
from hw5core.homework.grading.grades import decimal, read_points
from hw5core.homework.grading.reading import Row
from hw5core.homework.grading.students import Graded, Key, Matching

_NEEDED = ("Student", "ID", "Section")
_KEPT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
"""The columns that an import of Canvas reads. Other assignments stay out, so that an import cannot change them."""

_ASSIGNMENT = re.compile(r"(.+) \([0-9]+\)")
_POSSIBLE = "points possible"


class Canvas:
    """Fills the assignment of this title. Raises TableError if the export has no such column."""

    title = "Canvas"
    encoding = "utf-8"

    def __init__(self, header: Sequence[str], title: str) -> None:
        self._students = read_students(header)
        self._grade = _assignment(header, title)
        self._kept = [header.index(name) for name in _KEPT if name in header]
        self._identifier = header.index("ID")
        self.header = [header[at] for at in (*self._kept, self._grade)]
        self._possible: Fraction | None = None

    @staticmethod
    def recognises(header: Sequence[str]) -> bool:
        return all(name in header for name in _NEEDED)

    def keys(self, row: Row) -> list[Key] | None:
        """Return what identifies the student of a row; None for the rows above the students."""
        if row.cells[0].strip().casefold() == _POSSIBLE:
            self._possible = read_points(row.cells[self._grade])
        return self._students.identities(row.cells) if row.cells[self._identifier].strip() else None

    def check(self, matching: Matching) -> str:  # noqa: ARG002 (the same call for each platform)
        """Return advice for the import. Raises TableError if the export lacks what is needed."""
        if self._possible is None:
            raise TableError("its row Points Possible has no number for the assignment: give it points in Canvas first")
        return "Import it in the gradebook of Canvas."

    def row(self, row: Row, student: Graded | None) -> list[str]:
        """Return a row of the import. Without a student, the grade stays as it is."""
        grade = row.cells[self._grade]
        if student and self._possible:
            grade = decimal(student.share * self._possible)
        return [*(row.cells[at] for at in self._kept), grade]


def _assignment(header: Sequence[str], title: str) -> int:
    titles = {at: found[1] for at, name in enumerate(header) if (found := _ASSIGNMENT.fullmatch(name))}
    wanted = [at for at, one in titles.items() if title in (one, header[at])]
    if len(wanted) != 1:
        how_many = "more than one column" if wanted else "no column"
        names = ", ".join(f"“{one[:40]}”" for one in list(titles.values())[:10]) or "none"
        raise TableError(f"it has {how_many} for the assignment “{title[:60]}”. Name one with --title; it has: {names}")
    return wanted[0]
