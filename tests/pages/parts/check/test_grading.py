"""A class graded on the page is the one that the command grades, and bounded."""

from fractions import Fraction

import pytest

from hw5core.errors import TableError
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from pages.parts.check.grading import (
    MAX_QUESTIONS,
    MAX_STUDENTS,
    bank_file,
    fill_file,
    grade_file,
    in_words,
    most_variants,
    other_columns,
)
from tests.hw5core.homework.grading.tables import HOMEWORK, LAYERS, RIGHT, table


def test_a_class_and_an_export_come_back_graded() -> None:
    graded = grade_file(
        HOMEWORK, table(["Student", *LAYERS], ["Doe, Jane", "34848", *RIGHT[1:]]).encode(), None, Fraction(10)
    )
    assert graded.mistakes == (("bias-forgotten", 1),)
    assert '"Doe, Jane",34848' in graded.text
    export = table(
        ["Student", "ID", "Section", "HW5 (1)"], ["Points Possible", "", "", "5"], ["Doe, Jane", "7", "A", ""]
    )
    filled = fill_file(graded.students, export.encode(), "HW5", graded.most)
    assert filled.text.splitlines()[-1] == '"Doe, Jane",7,A,4'


def test_columns_without_answers_may_name_variants() -> None:
    assert other_columns(HOMEWORK, table(["Student", *LAYERS, "total", "ID number", ""]).encode()) == [
        "Student",
        "ID number",
    ]


def test_errors_that_are_not_listed_are_counted() -> None:
    assert in_words(["a", "b"], 2) == "- a\n- b"
    assert in_words(list(range(1_000)), 5_000).endswith("- 7\n- and 4,992 more")


def test_a_class_that_is_too_large_is_sent_to_the_terminal() -> None:
    rows = [[str(at), "1"] for at in range(MAX_STUDENTS + 1)]
    with pytest.raises(TableError, match="command grade in a terminal"):
        grade_file(HOMEWORK, table(["Student", "conv1"], *rows).encode(), None, Fraction(5))
    assert (
        grade_file(HOMEWORK, table(["Student", "conv1"], *rows[1:]).encode(), None, Fraction(5)).summary.graded
        == MAX_STUDENTS
    )


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "empty"])
def test_a_question_bank_on_the_page_is_small(name: str) -> None:
    counted = count(PRESETS[name].architecture)
    layers = sum(bool(row.parameters) for row in counted.rows)
    assert most_variants(counted) * layers <= MAX_QUESTIONS
    assert bank_file(counted, 1, "HW5").count('<question type="numerical">') == layers


def test_a_file_that_takes_too_long_is_sent_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.parts.check.grading.MAX_SECONDS", -1.0)
    with pytest.raises(TableError, match="takes too long"):
        grade_file(HOMEWORK, table(["Student", "conv1"], ["Anna", "1"]).encode(), None, Fraction(5))
    with pytest.raises(TableError, match="takes too long"):
        bank_file(HOMEWORK, 1, "HW5")
