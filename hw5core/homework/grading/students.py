"""Match the students of a class with those of a learning platform. A student whose match is not certain is listed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hw5core.errors import TableError
from hw5core.homework.grading.columns import Identity, Students
from hw5core.homework.grading.grades import Grade
from hw5core.homework.grading.reading import Row
from hw5core.runs.spreadsheet import cleaned

MAX_STUDENTS = 100_000

Key = tuple[Identity, str]
"""What may identify a student, such as a login."""


@dataclass(frozen=True)
class Graded:
    """A graded student: the row in the class's table, all that identifies the student, and the grade."""

    row: int
    keys: tuple[Key, ...]
    share: Fraction
    reasons: str

    @property
    def name(self) -> str:
        """Return the name, or else what identifies the student first."""
        names = [value for kind, value in self.keys if kind is Identity.NAME]
        return cleaned((names or [value for _, value in self.keys] or ["no name"])[0])[:80]


@dataclass(frozen=True)
class Unmatched:
    """A student whose grade is not written: the row in the table that is named, the name, and why."""

    table: str
    row: int
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}, row {self.row}, {self.name}: {self.reason}"


@dataclass
class Matching:
    """The graded student of each row of a platform's table, and everyone for whom it is not certain."""

    students: dict[int, Graded] = field(default_factory=dict)
    unmatched: list[Unmatched] = field(default_factory=list)
    without_answers: int = 0


class GradedClass:
    """The graded students of a class, found by what identifies them. Raises TableError if there are too many."""

    def __init__(self, columns: Students) -> None:
        self._columns = columns
        self.students: list[Graded] = []
        self._found: dict[Key, Graded | None] = {}

    def add(self, row: Row, grade: Grade) -> None:
        """Add a student. A student without a grade is left out."""
        if grade.share is None:
            return
        if len(self.students) >= MAX_STUDENTS:
            raise TableError(f"a platform's table is filled for at most {MAX_STUDENTS:,} students")
        keys = tuple(self._columns.identities(row.cells))
        student = Graded(row.number, keys, grade.share, grade.reasons)
        self.students.append(student)
        for key in keys:
            # What two students share identifies neither of them.
            self._found[key] = None if key in self._found else student

    def match(self, rows: Iterable[tuple[int, Sequence[Key]]]) -> Matching:
        """Match the rows of a platform's table, given as their numbers and what identifies their students."""
        listed = list(rows)
        times = Counter(key for _, keys in listed for key in keys)
        matching = Matching()
        for number, keys in listed:
            found = self._find(keys, {key for key in keys if times[key] > 1})
            if isinstance(found, Graded):
                matching.students[number] = found
            elif found:
                matching.unmatched.append(Unmatched("platform", number, _name(keys), found))
            else:
                matching.without_answers += 1
        self._drop_students_of_two_rows(matching)
        used = {student.row for student in matching.students.values()}
        matching.unmatched += [
            Unmatched("class", student.row, student.name, "no student of the platform is certainly the same")
            for student in self.students
            if student.row not in used
        ]
        return matching

    def _find(self, keys: Sequence[Key], shared: set[Key]) -> Graded | str:
        """Return the student with these keys, why it is not certain, or "" if there is none."""
        strong = [key for key in keys if key[0] is not Identity.NAME and key in self._found]
        names = [key for key in keys if key[0] is Identity.NAME and key in self._found]
        for key in strong or names:
            if key in shared or self._found[key] is None:
                where = "rows of the platform" if key in shared else "students of the class"
                return f"two {where} have the {key[0].value} {cleaned(key[1])[:80]}"
        rows = {student.row: student for key in strong or names if (student := self._found[key])}
        if len(rows) > 1:
            return (
                f"its {' and '.join(key[0].value for key in strong or names)} belong to different students of the class"
            )
        for student in rows.values():
            if not strong and (kind := _contradiction(keys, student.keys)):
                return f"a student of the class has the same name, but another {kind.value}"
            return student
        return ""

    @staticmethod
    def _drop_students_of_two_rows(matching: Matching) -> None:
        times = Counter(student.row for student in matching.students.values())
        for number, student in list(matching.students.items()):
            if times[student.row] > 1:
                del matching.students[number]
                reason = f"two rows of the platform fit row {student.row} of the class"
                matching.unmatched.append(Unmatched("platform", number, student.name, reason))


def _contradiction(keys: Sequence[Key], others: Sequence[Key]) -> Identity | None:
    """Return the kind of identity that both have, but with different values."""
    for kind in (Identity.ID, Identity.NUMBER, Identity.LOGIN):
        one, other = ({value for this, value in side if this is kind} for side in (keys, others))
        if one and other and not one & other:
            return kind
    return None


def _name(keys: Sequence[Key]) -> str:
    names = [value for kind, value in keys if kind is Identity.NAME] or [value for _, value in keys]
    return cleaned(names[0])[:80] if names else "no name"
