"""Results for Gradescope: the file results.json of an autograder, for one student."""

import re
import unicodedata
from fractions import Fraction
from typing import Any

from hw5core.homework.grading.columns import Students
from hw5core.homework.grading.grades import Grade
from hw5core.homework.grading.reading import Row
from hw5core.runs.spreadsheet import cleaned
from hw5core.strict_json import to_json


def results(grade: Grade, most: Fraction) -> str:
    """Return the content of results.json: a test for each layer, with its points and reasons."""
    each = most / max(1, len(grade.lines))
    content: dict[str, Any] = {
        "score": _points((grade.share or Fraction()) * most),
        "output": cleaned(grade.problem or "\n".join(grade.total)),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": line.layer,
                "score": _points(each * line.halves / 2),
                "max_score": _points(each),
                "status": "passed" if line.halves == 2 else "failed",
                "output": cleaned("\n".join(line.reasons)),
                "output_format": "text",
                "visibility": "visible",
            }
            for line in grade.lines
        ],
    }
    return to_json(content)


def folder_name(students: Students, row: Row) -> str:
    """Return a name for a student's folder that every file system takes: the row's number, and what identifies the
    student in plain letters."""
    known = [value for _, value in students.identities(row.cells)] or [""]
    plain = unicodedata.normalize("NFKD", known[0]).encode("ascii", "ignore").decode()
    letters = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40]
    return f"row-{row.number:06d}" + f"-{letters}" * bool(letters)


def _points(number: Fraction) -> float:
    return round(float(number), 4)
