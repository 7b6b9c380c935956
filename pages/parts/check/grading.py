"""A class graded on the page: bounded, one at a time, and kept only while the session is open."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from threading import Lock
from time import monotonic

from hw5core.errors import TableError
from hw5core.homework.answers.check import asked_layers
from hw5core.homework.grading.classes import Class, Summary
from hw5core.homework.grading.columns import read_columns
from hw5core.homework.grading.platforms import Export, Filled
from hw5core.homework.grading.question_bank import question_bank
from hw5core.homework.grading.reading import Table
from hw5core.homework.grading.students import GradedClass
from hw5core.homework.grading.writing import TableWriter
from hw5core.network.counting import Count

MAX_STUDENTS = 2_000
"""The largest class that the page grades. The server does nothing else in the meantime, so it has to be short."""

MAX_QUESTIONS = 250
"""The largest question bank that the page makes, for the same reason."""

MAX_SECONDS = 20.0
"""The longest time that the page spends on one file, for any network."""

_one_at_a_time = Lock()


@dataclass(frozen=True)
class GradedFile:
    """A graded class: the new table, its summary, how often each mistake was made, and the students for a platform."""

    text: str
    summary: Summary
    most: Fraction
    mistakes: tuple[tuple[str, int], ...]
    students: GradedClass


@dataclass(frozen=True)
class FilledFile:
    """The filled table of a platform, and what became of it."""

    text: str
    filled: Filled


def other_columns(counted: Count, content: bytes) -> list[str]:
    """Return the columns of a class's table that have no answers. Raises TableError."""
    header = Table(io.BytesIO(content)).header
    answers = read_columns(header, asked_layers(counted)).answers
    return [name for at, name in enumerate(header) if at not in answers and header.count(name) == 1 and name]


def grade_file(counted: Count, content: bytes, variants: str | None, most: Fraction) -> GradedFile:
    """Grade a class's table. Raises LabError if it cannot be read, is larger than MAX_STUDENTS or takes too long."""
    with _one_at_a_time:
        end = monotonic() + MAX_SECONDS
        one = Class(io.BytesIO(content), counted, asked_layers(counted), most, variants)
        students = GradedClass(one.columns.students)
        output = io.StringIO()
        for row, grade in one.write(TableWriter(output, one.table.separator)):
            if one.summary.students > MAX_STUDENTS:
                raise TableError(
                    f"it has more than {MAX_STUDENTS:,} students. The command grade in a terminal has no such limit"
                )
            _check_time(end)
            students.add(row, grade)
        mistakes = tuple(one.grader.mistakes.most_common())
        return GradedFile(output.getvalue(), one.summary, most, mistakes, students)


def fill_file(students: GradedClass, content: bytes, title: str, most: Fraction) -> FilledFile:
    """Fill the grades into a platform's table. Raises TableError."""
    with _one_at_a_time:
        output = io.StringIO()
        filled = Export(io.BytesIO(content), title, most).fill(students, output)
        return FilledFile(output.getvalue(), filled)


def bank_file(counted: Count, variants: int, title: str) -> str:
    """Return a question bank for Moodle. Raises LabError, also if it takes too long."""
    with _one_at_a_time:
        end, pieces = monotonic() + MAX_SECONDS, []
        for piece in question_bank(counted.architecture, variants, title):
            _check_time(end)
            pieces.append(piece)
        return "".join(pieces)


def _check_time(end: float) -> None:
    """Raise TableError after the end."""
    if monotonic() > end:
        raise TableError("it takes too long on this page. The command in a terminal has no such limit")


def most_variants(counted: Count) -> int:
    """Return the largest number of variants of a question bank on the page."""
    return max(1, MAX_QUESTIONS // max(1, sum(bool(row.parameters) for row in counted.rows)))


def in_words(errors: Sequence[object], number: int, shown: int = 8) -> str:
    """Return the first of `number` errors as a Markdown list, and how many others there are."""
    more = f"\n- and {number - shown:,} more" if number > shown else ""
    return "\n".join(f"- {error}" for error in errors[:shown]) + more
