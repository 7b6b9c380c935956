"""A class gets exact points with reasons, and nothing that a student writes runs in a spreadsheet."""

import io
import re
from fractions import Fraction

import pytest

from hw5core.errors import LabError, TableError
from hw5core.homework.answers.check import check_text
from hw5core.homework.grading.grades import decimal
from hw5core.homework.grading.writing import TableWriter
from hw5core.homework.variants import code_of, variant, variant_number
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.runs.spreadsheet import safe
from tests.hw5core.homework.grading.tables import HOMEWORK, HOSTILE, LAYERS, RIGHT, a_class, graded, table


def _points(*answers: str, header: list[str] = LAYERS) -> tuple[str, str]:
    (row,) = graded(a_class(table(["Name", *header], ["Anna", *answers])))
    return row["points"], row["reasons"]


def test_a_right_row_gets_all_points_and_no_reason() -> None:
    assert _points(*RIGHT) == ("5", "")
    assert _points("34,944", "614.656", "885 120", "1'327'488", "884_992") == ("5", "")


def test_numbers_are_exact() -> None:
    points, reasons = _points(*RIGHT[:4], "884991")
    assert points == "4"
    assert reasons.startswith("Conv2d-9: ")


def test_the_reasons_are_those_of_a_check_of_the_same_answers() -> None:
    points, reasons = _points("34848", *RIGHT[1:])
    (line,) = (one for one in check_text(HOMEWORK, "34848\n" + "\n".join(RIGHT[1:])).lines if not one.correct)
    assert points == "4"
    assert reasons == "\n".join(f"Conv2d-1: {one.message} [{one.code}]" for one in line.explanations[:2])


@pytest.mark.parametrize("answer", ["3*96*(11*11)+96 = 34945", "3*96*11*11 = 34944"])
def test_a_slip_beside_a_right_number_costs_half_a_point(answer: str) -> None:
    assert _points(answer, *RIGHT[1:])[0] == "4.5"


def test_a_missing_and_an_unreadable_answer_cost_only_their_own_points() -> None:
    points, reasons = _points("", "35k", *RIGHT[2:])
    assert points == "3"
    assert "Conv2d-1: no answer" in reasons
    assert "Conv2d-3: “35k” is not a whole number" in reasons


def test_a_wrong_total_is_explained_but_costs_nothing() -> None:
    points, reasons = _points(*RIGHT, "3747201", header=[*LAYERS, "Total"])
    assert points == "5"
    assert "Total: Your lines add up to 3,747,200" in reasons


def test_points_are_scaled_exactly_and_have_no_thousands_separators() -> None:
    (row,) = graded(a_class(table(["Name", *LAYERS], ["Anna", *RIGHT[:4], "1"]), most=10_000))
    assert (row["points"], row["of"]) == ("8000", "10000")
    assert [decimal(Fraction(*one)) for one in ((1, 3), (1, 8), (2, 3), (5, 1))] == ["0.33", "0.13", "0.67", "5"]


@pytest.mark.parametrize(
    "header",
    [
        ["Conv2d-1", "Conv2d-3", "Conv2d-5", "Conv2d-7", "Conv2d-9"],
        ["First Layer", "Second Layer", "Third Layer", "Fourth Layer", "Fifth Layer"],
        ["1", "2", "3", "4", "5"],
        ["Response 1", "Response 2", "Response 3", "Response 4", "Response 5"],
        ["Q1", "Q2", "Q3", "Q4", "Q5"],
        ["5th layer", "4th layer", "3rd layer", "2nd layer", "1st layer"],
    ],
)
def test_the_columns_of_answers_are_found_by_their_names(header: list[str]) -> None:
    answers = RIGHT if not header[0].startswith("5th") else RIGHT[::-1]
    (row,) = graded(a_class(table(["Section 2", "ID number", *header], ["A", "7", *answers])))
    assert row["points"] == "5"


def test_answers_as_text_in_one_cell_are_read_like_pasted_text() -> None:
    text = "conv1 = 3*96*(11*11) + 96 = 34,944\nconv2: 614656\nThird Layer - 885,129\n1327488\n884992"
    (row,) = graded(a_class(table(["Name", "Answers"], ["Anna", text])))
    assert row["points"] == "4"
    assert "885,129 is 9 more than 885,120" in row["reasons"]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["Name", "Section 2"], "no column has answers"),
        (["Name", "conv1", "first layer"], "both for Conv2d-1"),
        (["Name", "conv9"], "there is no conv 9"),
    ],
)
def test_a_table_without_clear_columns_says_what_to_change(header: list[str], problem: str) -> None:
    with pytest.raises(TableError, match=problem):
        a_class(table(header))


def test_broken_rows_stay_in_the_table_without_points() -> None:
    one = a_class("Name,conv1,conv2\nAnna,1,2\nBert,34,944,614,656\nCara,34944,614656\n")
    rows = graded(one)
    assert [row["points"] for row in rows] == ["0", "", "2"]
    assert "commas in quotes" in rows[1]["reasons"]
    assert [(row.number, row.cells) for row in one.summary.broken] == [(3, ("Bert",))]
    assert one.summary.mean == Fraction(1, 5)


def test_each_student_is_graded_by_the_own_variant() -> None:
    names = ["Anna Müller", "v042", "s1234567"]
    rows = []
    for name in names:
        own = variant(HOMEWORK.architecture, variant_number(name))
        rows.append([name, *(str(row.parameters) for row in own.rows if row.parameters)])
    written = graded(a_class(table(["Variant", *LAYERS], *rows, ["", *RIGHT]), variants="variant"))
    assert [row["points"] for row in written] == ["5", "5", "5", ""]
    assert [row["variant of the network"] for row in written[:3]] == [code_of(variant_number(name)) for name in names]
    assert "needs a name or a number" in written[3]["reasons"]


def test_variants_need_a_column_that_exists_once() -> None:
    with pytest.raises(TableError, match="no column “number”"):
        a_class(table(["Name", *LAYERS]), variants="number")
    with pytest.raises(LabError, match="no variants"):
        a_class(table(["variant", "conv1"]), count(parse("1x5x5 conv1k1")), variants="variant")


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_no_hostile_cell_runs_in_a_spreadsheet_or_reaches_the_file_raw(cell: str) -> None:
    file = io.StringIO()
    for _ in a_class(table(["Name", "Note", *LAYERS], [cell, cell, cell, *RIGHT[1:]])).write(TableWriter(file)):
        pass
    assert not re.search(r"(^|[,;\n\t])\s*\"?\s*[=+\-@＝＋－＠](?![0-9.,]+[,\r\n])", file.getvalue())
    assert not re.search("[\0\u202a-\u202e\u2066-\u2069]", file.getvalue())
    (row,) = graded(a_class(table(["Name", "Note", *LAYERS], [cell, cell, cell, *RIGHT[1:]])))
    assert row["points"] == "4"
    assert safe(row["Name"]) == row["Name"], "a table that is graded again does not change"


@pytest.mark.parametrize("cell", ["Anna", "-5", "+3.5", "1,234", "anna-lena", "a@b.org", "O'Brien", "x = 3", ""])
def test_a_harmless_cell_is_written_as_it_is(cell: str) -> None:
    assert safe(cell) == cell


def test_an_invisible_character_does_not_hide_a_formula() -> None:
    assert safe("\ufeff=1+1") == "'=1+1"


def test_a_cell_of_a_megabyte_is_reported_and_the_others_are_graded() -> None:
    rows = graded(a_class(table(["Name", *LAYERS], ["Anna", "9" * 1_000_000, *RIGHT[1:]], ["Bert", *RIGHT])))
    assert [row["points"] for row in rows] == ["", "5"]
    assert rows[0]["Name"] == "Anna"
