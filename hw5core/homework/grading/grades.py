"""Points for the answers of a student, with reasons.

Each layer gives the same number of points. Right arithmetic with a wrong result gives half of them, and so does a right
result with wrong arithmetic. The total gives none: it follows from the layers. But its mistakes are explained.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from hw5core.errors import LabError
from hw5core.homework.answers.arithmetic import UnreadableError, is_number, read_number
from hw5core.homework.answers.check import Checked, CheckedSheet, asked_layers, check_line, check_text, with_total
from hw5core.homework.answers.lines import MAX_LINE, Unread, WrittenLine, read_lines
from hw5core.homework.answers.matching import Asked
from hw5core.homework.answers.mistakes import Question
from hw5core.homework.grading.columns import Columns
from hw5core.homework.grading.reading import Row
from hw5core.homework.variants import code_of, variant, variant_number
from hw5core.network.counting import Count

_SLIPS = ("result-slip", "arithmetic-slip")
_REASONS = 2
"""How many explanations of a wrong number are written."""

_CACHED_ANSWERS = 20_000

_POINTS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True)
class LineGrade:
    """How many halves of a layer's points an answer gets, 0 to 2, and why it is not both."""

    layer: str
    halves: int
    reasons: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grade:
    """The grade of one student: the share of all points, from 0 to 1, and its lines.

    `variant` is the code of the student's variant, "" without one. `problem` says why there is no grade; then `share`
    is None.
    """

    share: Fraction | None
    lines: tuple[LineGrade, ...] = ()
    total: tuple[str, ...] = ()
    variant: str = ""
    problem: str = ""

    @property
    def reasons(self) -> str:
        """All reasons, one per line."""
        if self.problem:
            return self.problem
        lines = [f"{line.layer}: {reason}" for line in self.lines for reason in line.reasons]
        return "\n".join([*lines, *(f"Total: {reason}" for reason in self.total)])

    def points(self, most: Fraction) -> str:
        """Return the points out of `most` as a decimal number with at most two decimals, "" without a grade."""
        return "" if self.share is None else _points(self.share, most)


@lru_cache(maxsize=1_000)
def _points(share: Fraction, most: Fraction) -> str:
    return decimal(share * most)


@lru_cache(maxsize=1_000)
def _share(halves: int, lines: int) -> Fraction:
    return Fraction(halves, 2 * lines) if lines else Fraction()


def decimal(number: Fraction) -> str:
    """Return a number with at most two decimals, rounded half up, without thousands separators."""
    hundredths = (number * 200 + 1) // 2
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def read_points(text: str) -> Fraction | None:
    """Return a positive number of points such as 12.5, None for other text.

    Without an exponent: the digits of 1e999999999 take longer than a lecture.
    """
    text = text.strip()
    return (Fraction(text) or None) if _POINTS.fullmatch(text) else None


class _Sheet:
    """The questions of one network, made once for all students."""

    def __init__(self, counted: Count, asked: Sequence[Asked]) -> None:
        self.counted = counted
        self.asked = {one.row.number: one for one in asked}
        self.questions = {one.row.number: Question(counted, one.row) for one in asked if one.right}
        self.right = sum(one.right for one in asked)


@dataclass
class Grader:
    """Grades the rows of a table. `by_variant` is the column with the name or number behind each student's variant.

    With `by_variant`, it raises LabError if the network has no variants.
    """

    counted: Count
    columns: Columns
    asked: Sequence[Asked] = ()
    by_variant: int | None = None
    mistakes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.asked = self.asked or asked_layers(self.counted)
        self._sheet = _Sheet(self.counted, self.asked)
        self._of_variant = lru_cache(maxsize=1_000)(self._variant_sheet)
        # Many students give the same answer, right or wrong.
        self._answer = lru_cache(maxsize=_CACHED_ANSWERS)(self._checked_answer)
        if self.by_variant is not None:
            variant(self.counted.architecture, 0)

    def grade(self, row: Row) -> Grade:
        """Return the grade of a row. Never raises: a row that cannot be graded has a problem."""
        if row.problem:
            return Grade(None, problem=row.problem)
        try:
            number = None if self.by_variant is None else variant_number(row.cells[self.by_variant])
            sheet = self._sheet if number is None else self._of_variant(number)
            checked = self._check(sheet, number, row.cells)
        except LabError as error:
            return Grade(None, problem=str(error))
        return self._graded(checked, "" if number is None else code_of(number))

    def _variant_sheet(self, number: int) -> _Sheet:
        counted = variant(self.counted.architecture, number)
        return _Sheet(counted, asked_layers(counted))

    def _check(self, sheet: _Sheet, number: int | None, cells: Sequence[str]) -> CheckedSheet:
        if self.columns.text is not None:
            text = cells[self.columns.text]
            if not text.strip():
                return self._check_cells(sheet, number, {}, "")
            return check_text(sheet.counted, text, list(sheet.asked.values()), sheet.questions)
        given = {layer: cells[at] for layer, at in self.columns.layers.items()}
        return self._check_cells(sheet, number, given, "" if self.columns.total is None else cells[self.columns.total])

    def _check_cells(self, sheet: _Sheet, number: int | None, given: dict[int, str], total: str) -> CheckedSheet:
        answers = [self._answer(number, layer, given.get(layer, "").strip()) for layer in sheet.questions]
        lines = [answer if isinstance(answer, Checked) else answer[0] for answer in answers]
        unread = [answer[1] for answer in answers if not isinstance(answer, Checked)]
        written = None
        try:
            written = _written(total)
        except LabError as error:
            unread.append(Unread(0, f"Total: {error}"))
        return with_total(sheet.counted, sheet.right, lines, written, unread)

    def _checked_answer(self, number: int | None, layer: int, cell: str) -> Checked | tuple[Checked, Unread]:
        """Check the answer in a cell. If it cannot be read, the answer counts as missing."""
        sheet = self._sheet if number is None else self._of_variant(number)
        question, asked = sheet.questions[layer], sheet.asked[layer]
        try:
            return check_line(question, asked, _written(cell))
        except LabError as error:
            return check_line(question, asked, None), Unread(0, f"{asked.name}: {error}")

    def _graded(self, sheet: CheckedSheet, code: str) -> Grade:
        unread = tuple(one.reason if one.number == 0 else str(one) for one in sheet.unread)
        lines = tuple(_line_grade(line) for line in sheet.lines)
        self.mistakes.update(line.codes[0] for line in lines if line.codes)
        share = _share(sum(line.halves for line in lines), len(lines))
        total = () if sheet.total.correct is not False else tuple(_reasons(sheet.total))
        return Grade(share, lines, (*total, *unread), code)


def _written(cell: str) -> WrittenLine | None:
    """Return the answer in a cell, None if it is empty. Raises LabError."""
    if not cell.strip():
        return None
    if is_number(cell) and len(cell) <= MAX_LINE:
        return WrittenLine(0, "", read_number(cell.strip()))
    if len(cell) > MAX_LINE:
        raise UnreadableError(f"it has more than {MAX_LINE} characters")
    text = " ".join(cell.split())
    # With a label in front, a number such as 3. is no ordinal.
    written, unread = read_lines(text if ":" in text else f"answer: {text}", layers=1)
    if unread:
        raise UnreadableError(unread[0].reason)
    if not written:
        raise UnreadableError("it has no number")
    return written[0]


def _line_grade(line: Checked) -> LineGrade:
    if line.correct:
        return LineGrade(line.layer, 2)
    if line.given is None:
        return LineGrade(line.layer, 0, ("no answer",), ("no-answer",))
    codes = tuple(one.code for one in line.explanations)
    return LineGrade(line.layer, int(codes[0] in _SLIPS), tuple(_reasons(line)), codes)


def _reasons(answer: Checked) -> Iterator[str]:
    for one in answer.explanations[:_REASONS]:
        yield f"{one.message} [{one.code}]"
