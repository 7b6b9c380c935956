"""Files for Moodle: a table of grades for its import, and the worksheet of an assignment with grades filled in."""

from collections.abc import Sequence
from fractions import Fraction
from html import escape

from hw5core.homework.grading.columns import read_students
from hw5core.homework.grading.grades import decimal, read_points
from hw5core.homework.grading.reading import Row
from hw5core.homework.grading.students import Graded, Key, Matching, Unmatched
from hw5core.runs.spreadsheet import safe

_NUMBER, _EMAIL = "ID number", "Email address"
_WORKSHEET = ("Identifier", "Grade", "Maximum Grade")
_CHANGEABLE = "Grade can be changed"
_FEEDBACK = "Feedback comments"


class MoodleGrades:
    """Writes a table for Moodle's import of grades, for users that the export has.

    Moodle refuses a whole file for one unknown user or one grade out of range. So a user needs an ID number, or all are
    imported by their addresses.
    """

    title = "Moodle"
    encoding = "utf-8"

    def __init__(self, header: Sequence[str], title: str, most: Fraction) -> None:
        self._students = read_students(header)
        self._columns = {name: header.index(name) for name in (_NUMBER, _EMAIL) if name in header}
        self._most = most
        self._identities: dict[int, dict[str, str]] = {}
        self._times: dict[tuple[str, str], int] = {}
        self.header = [_NUMBER, _EMAIL, title, f"{title} feedback"]

    @staticmethod
    def recognises(header: Sequence[str]) -> bool:
        return _NUMBER in header or _EMAIL in header

    def keys(self, row: Row) -> list[Key] | None:
        found = {name: row.cells[at].strip() for name, at in self._columns.items()}
        # What a spreadsheet would run is written with an apostrophe, so Moodle would not know the user.
        self._identities[row.number] = {name: text for name, text in found.items() if text and safe(text) == text}
        for one in self._identities[row.number].items():
            self._times[one] = self._times.get(one, 0) + 1
        return self._students.identities(row.cells)

    def check(self, matching: Matching) -> str:
        """Leave out users whom Moodle would not know. Return by which column to import."""
        usable = {
            name: {
                row for row in matching.students if self._times.get((name, self._identities[row].get(name, ""))) == 1
            }
            for name in self._columns
        }
        by = max(usable, key=lambda name: (len(usable[name]), name == _NUMBER))
        for row, student in list(matching.students.items()):
            if row not in usable[by]:
                del matching.students[row]
                reason = f"the user has no own {by} that Moodle would find"
                matching.unmatched.append(Unmatched("platform", row, student.name, reason))
        highest = decimal(self._most)
        return f"Import it in Moodle with “{by}” for “Identify user by”, into an item of at least {highest} points."

    def row(self, row: Row, student: Graded | None) -> list[str] | None:
        if student is None:
            return None
        found = self._identities[row.number]
        grade = decimal(student.share * self._most)
        return [found.get(_NUMBER, ""), found.get(_EMAIL, ""), grade, feedback(student)]


class MoodleWorksheet:
    """Fills grades and feedback into the worksheet that an assignment of Moodle exports for grading offline."""

    title = "Moodle's grading worksheet"
    encoding = "utf-8"

    def __init__(self, header: Sequence[str]) -> None:
        self._students = read_students(header)
        self._at = {name: header.index(name) for name in (*_WORKSHEET, _CHANGEABLE, _FEEDBACK) if name in header}
        self.header = list(header)
        self._refused: dict[int, str] = {}

    @staticmethod
    def recognises(header: Sequence[str]) -> bool:
        return all(name in header for name in _WORKSHEET)

    def keys(self, row: Row) -> list[Key] | None:
        if _CHANGEABLE in self._at and row.cells[self._at[_CHANGEABLE]].strip().casefold() == "no":
            self._refused[row.number] = "Moodle says that the grade cannot be changed"
        elif self._maximum(row) is None:
            self._refused[row.number] = "the row has no Maximum Grade"
        return self._students.identities(row.cells)

    def check(self, matching: Matching) -> str:
        """Leave out students whose grades Moodle would not take. Return advice for the import."""
        for row in self._refused.keys() & matching.students.keys():
            student = matching.students.pop(row)
            matching.unmatched.append(Unmatched("platform", row, student.name, self._refused[row]))
        more = "" if _FEEDBACK in self._at else " It has no feedback: switch on feedback comments in the assignment."
        return f"Upload it in the assignment with “Upload grading worksheet”.{more}"

    def row(self, row: Row, student: Graded | None) -> list[str] | None:
        cells = list(row.cells)
        maximum = self._maximum(row)
        if student and maximum is not None:
            cells[self._at["Grade"]] = decimal(student.share * maximum)
            if _FEEDBACK in self._at:
                cells[self._at[_FEEDBACK]] = feedback(student)
        return cells

    def _maximum(self, row: Row) -> Fraction | None:
        return read_points(row.cells[self._at["Maximum Grade"]])


def feedback(student: Graded) -> str:
    """Return the reasons as HTML, which Moodle's feedback is."""
    return escape(student.reasons, quote=False).replace("\n", "<br>")
