"""The dialog for lecturers: a class graded from a file, the export of a platform filled, and questions for Moodle.

It works for everyone who has a file. The files stay in the session: no other visitor sees them, and no disk has them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from hw5core.errors import LabError
from hw5core.homework.grading.grades import decimal
from hw5core.homework.grading.platforms import MAX_TITLE, TITLE
from hw5core.homework.variants import variant
from hw5core.markdown import markdown_table
from hw5core.network.counting import Count
from pages.parts.check.file_field import OpenedFile, file_field, read_file
from pages.parts.check.grading import (
    MAX_STUDENTS,
    FilledFile,
    GradedFile,
    bank_file,
    fill_file,
    grade_file,
    in_words,
    most_variants,
    other_columns,
)
from pages.parts.shared.download import download_newest, forget_files
from pages.parts.shared.plain_words import plain

Made = TypeVar("Made")

_STATE = "dialog for lecturers"
_GRADED, _FILLED = "graded table", "filled export"
_SAME = "the same network"
_MAX_POINTS = 1_000


@dataclass
class Files:
    """What a lecturer has opened: the class's table and a platform's export; why a file could not be opened; and the
    results or errors, with what they were made from."""

    open: bool = False
    table: OpenedFile | None = None
    export: OpenedFile | None = None
    problem: str = ""
    graded: tuple[object, GradedFile | LabError] | None = None
    filled: tuple[object, FilledFile | LabError] | None = None


def lecturers_button(counted: Count) -> None:
    """Draw the button that opens the dialog, and the dialog while it is open."""
    st.button("For lecturers", icon=":material/school:", on_click=_open, help="Grade a class, or make a Moodle quiz")
    if _files().open:
        _dialog(counted)


def lecturers_are_open() -> bool:
    """Return True while the dialog is open. A page can have only one."""
    return _files().open


def _files() -> Files:
    files: Files = st.session_state.setdefault(_STATE, Files())
    return files


def _open() -> None:
    _files().open = True


def _close() -> None:
    """Forget the files: they have the names of students."""
    st.session_state[_STATE] = Files()
    forget_files(_GRADED, _FILLED)


@st.dialog("For lecturers", width="large", icon=":material/school:", on_dismiss=_close)
def _dialog(counted: Count) -> None:
    grade, questions = st.tabs(["Grade a class", "Questions for Moodle"])
    with grade:
        _grade(counted)
    with questions:
        _questions(counted)


def _grade(counted: Count) -> None:
    files = _files()
    st.caption(
        "A CSV file with one row per student and one column per layer, such as conv1, or one column answers. The file "
        f"is graded for the network of this page and not kept. At most {MAX_STUDENTS:,} students; the command grade "
        "takes more."
    )
    table, export = st.columns(2, gap="large")
    with table:
        file_field("class file", "Open the class", files.table, lambda sent: _take(sent, "table"))
        if files.problem:
            st.error(plain(files.problem))
        if not files.table:
            return
        try:
            graded = _graded(counted, files.table)
        except LabError as error:
            st.error(plain(f"This file cannot be graded: {error}."))
            return
        _show(graded, files.table)
    with export:
        _platform(graded)


def _take(sent: Any, which: str) -> None:
    """Keep the file that a browser has sent, or the reason why that is not possible."""
    files = _files()
    files.problem = ""
    try:
        setattr(files, which, read_file(sent))
    except LabError as error:
        files.problem = f"{error}."[:1].upper() + f"{error}."[1:]


def _graded(counted: Count, table: OpenedFile) -> GradedFile:
    """Draw the settings. Return the graded class. Raises LabError."""
    files = _files()
    by, points = st.columns([2, 1])
    columns = other_columns(counted, table.content)
    chosen = by.selectbox("Variants by the column", [_SAME, *columns], help=_VARIANTS_HELP)
    layers = sum(bool(row.parameters) for row in counted.rows)
    most = Fraction(points.number_input("Points", 1, _MAX_POINTS, min(layers, _MAX_POINTS)))
    made_from = (counted.architecture, table, chosen, most)
    if files.graded is None or files.graded[0] != made_from:
        variants = None if chosen == _SAME else chosen
        files.graded = (made_from, _result(partial(grade_file, counted, table.content, variants, most)))
        files.filled = None
    return _or_raise(files.graded[1])


def _result(make: Callable[[], Made]) -> Made | LabError:
    """Return what is made, or the error: it would be the same the next time."""
    try:
        return make()
    except LabError as error:
        return error


def _or_raise(result: Made | LabError) -> Made:
    if isinstance(result, LabError):
        raise result
    return result


def _show(graded: GradedFile, table: OpenedFile) -> None:
    """Draw the summary and the download of a graded class."""
    summary = graded.summary
    mean = (
        "" if summary.mean is None else f", mean {decimal(summary.mean * graded.most)} of {decimal(graded.most)} points"
    )
    st.markdown(f"**{summary.graded:,} of {summary.students:,} students have a grade**{mean}")
    download_newest(
        "Graded table",
        lambda: graded.text.encode("utf-8-sig"),
        f"graded-{table.name}" if table.name.endswith((".csv", ".tsv", ".txt")) else "graded.csv",
        "text/csv",
        _GRADED,
        type="primary",
    )
    if summary.broken:
        broken = [plain(f"Row {row.number} has no grade: {row.problem}.") for row in summary.broken]
        st.warning(in_words(broken, summary.without_grade))
    if graded.mistakes:
        rows = [[f"`{code}`", f"{times:,}"] for code, times in graded.mistakes]
        with st.expander("The most common mistakes", expanded=False):
            st.markdown(markdown_table(["mistake", "answers"], rows))


def _platform(graded: GradedFile) -> None:
    """Draw the field for a platform's export, and what became of it."""
    files = _files()
    name = st.text_input("Assignment in Canvas or Moodle", TITLE, max_chars=MAX_TITLE, help=_TITLE_HELP)
    file_field("export file", "Open its export", files.export, lambda sent: _take(sent, "export"))
    if not files.export:
        st.caption("The file that the platform has exported comes back with the grades, ready for its import.")
        return
    made_from = (files.graded and files.graded[0], files.export, name)
    try:
        if files.filled is None or files.filled[0] != made_from:
            fill = partial(fill_file, graded.students, files.export.content, name, graded.most)
            files.filled = (made_from, _result(fill))
        filled = _or_raise(files.filled[1])
    except LabError as error:
        st.error(plain(f"This export cannot be filled: {error}."))
        return
    _show_filled(filled)


def _show_filled(one: FilledFile) -> None:
    filled = one.filled
    st.markdown(f"**Grades for {filled.platform}: {filled.written:,}.** {filled.advice}")
    download_newest("Filled export", one.text.encode, "import.csv", "text/csv", _FILLED, type="primary")
    if filled.without_answers:
        st.caption(f"Students of the platform without answers in the class: {filled.without_answers:,}")
    if filled.unmatched:
        unmatched = [plain(str(student)) for student in filled.unmatched]
        st.warning("Not matched, and left out:\n\n" + in_words(unmatched, len(unmatched)))


def _questions(counted: Count) -> None:
    """Draw the settings and the download of a question bank."""
    st.caption(
        "Numerical questions about variants of this network. Each common mistake is an answer without points, with its "
        "reason as feedback. A category holds the questions about one layer, so that a quiz can draw one from each."
    )
    try:
        variant(counted.architecture, 0)
    except LabError as error:
        st.error(plain(f"There are no questions about this network: {error}."))
        return
    highest = most_variants(counted)
    number, title = st.columns(2)
    variants = number.number_input("Variants", 1, highest, min(20, highest), help=f"At most {highest} here.")
    name = title.text_input("Category", TITLE, max_chars=MAX_TITLE).strip() or TITLE
    layers = sum(bool(row.parameters) for row in counted.rows)

    def content() -> bytes:
        try:
            return bank_file(counted, int(variants), name).encode()
        except LabError as error:
            return f"This question bank cannot be made: {error}.".encode()  # the browser has asked for a file

    label = f"{variants * layers:,} questions as Moodle XML"
    download_newest(label, content, "questions.xml", "application/xml", "question bank", type="primary")


_VARIANTS_HELP = (
    "Choose a column if each student has their own variant: the one with the name, number or code that the student has "
    "entered on this page."
)
_TITLE_HELP = "The assignment in Canvas, as it is called there, or the new grade item in Moodle."
