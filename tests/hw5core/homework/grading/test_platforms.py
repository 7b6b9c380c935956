"""The tables of learning platforms are filled row by row as their imports expect, and nobody is matched by a guess."""

import csv
import io
import json
from fractions import Fraction

import pytest

from hw5core.errors import TableError
from hw5core.homework.grading.gradescope import folder_name, results
from hw5core.homework.grading.platforms import Export, Filled
from hw5core.homework.grading.students import GradedClass
from tests.hw5core.homework.grading.tables import HOSTILE, LAYERS, RIGHT, a_class, table

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW4 (77)", "HW5 (78)", "Final Score"]
POSSIBLE = ["    Points Possible", "", "", "", "", "10", "1000", "(read only)"]
WORKSHEET = [
    "Identifier",
    "Full name",
    "ID number",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
]
HALF = [*RIGHT[:2], "885120", "3*3 = 1327488", "5"]
"""Three right answers, a right number beside wrong arithmetic, and a wrong one: 3.5 of 5 points."""


def _fill(header: list[str], students: list[list[str]], *export: list[str], title: str = "HW5") -> tuple[str, Filled]:
    """Grade students, whose rows begin with what `header` names. Return the filled export as text, and the rest."""
    one = a_class(table([*header, *LAYERS], *students))
    graded = GradedClass(one.columns.students)
    for row, grade in one.graded():
        graded.add(row, grade)
    output = io.StringIO()
    filled = Export(io.BytesIO(table(*export).encode()), title, Fraction(5)).fill(graded, output)
    return output.getvalue(), filled


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_its_columns_its_points_possible_and_plain_numbers() -> None:
    text, filled = _fill(
        ["Student", "SIS User ID"],
        [["Doe, Jane", "s1", *RIGHT], ["Roe, Rick", "s2", *HALF]],
        CANVAS,
        ["", "", "", "", "", "", "Manual Posting", ""],
        POSSIBLE,
        ["Doe, Jane", "101", "s1", "jane", "A and B", "9", "", "90"],
        ["Roe, Rick", "102", "s2", "rick", "A", "8", "", "80"],
        ["Student, Test", "103", "", "x1", "A", "", "", ""],
    )
    assert _rows(text) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW5 (78)"],
        ["", "", "", "", "", "Manual Posting"],
        ["    Points Possible", "", "", "", "", "1000"],
        ["Doe, Jane", "101", "s1", "jane", "A and B", "1000"],
        ["Roe, Rick", "102", "s2", "rick", "A", "700"],
        ["Student, Test", "103", "", "x1", "A", ""],
    ]
    assert (filled.platform, filled.written, filled.without_answers) == ("Canvas", 2, 1)
    assert not filled.unmatched


@pytest.mark.parametrize(
    ("header", "student"),
    [
        (["ID"], ["101"]),
        (["SIS User ID"], ["s1"]),
        (["ID number"], [" s1 "]),
        (["SIS Login ID"], ["JANE"]),
        (["Email address"], ["jane"]),
        (["Student"], ["Doe, Jane"]),
        (["First name", "Surname"], ["Jane", "Doe"]),
    ],
)
def test_a_student_is_found_by_any_identity(header: list[str], student: list[str]) -> None:
    jane = ["Doe, Jane", "101", "s1", "jane", "A", "", "", ""]
    text, filled = _fill(header, [[*student, *RIGHT]], CANVAS, POSSIBLE, jane)
    assert filled.written == 1
    assert _rows(text)[-1][-1] == "1000"


@pytest.mark.parametrize(
    ("header", "students", "rows", "reason"),
    [
        (["Student"], [["Doe, Jane"], ["Doe, Jane"]], [["Doe, Jane", "1", "", ""]], "two students of the class"),
        (
            ["Student"],
            [["Doe, Jane"]],
            [["Doe, Jane", "1", "", ""], ["Doe, Jane", "2", "", ""]],
            "two rows of the platf",
        ),
        (["Student", "SIS User ID"], [["Doe, Jane", "s9"]], [["Doe, Jane", "1", "s1", ""]], "another student number"),
        (["ID", "SIS User ID"], [["1", "s1"], ["2", "s2"]], [["Doe, Jane", "1", "s2", ""]], "belong to different"),
        (["Student"], [["jane doe"]], [["Doe, Jane", "1", "", ""]], "no student of the platform"),
        (["ID number"], [["12"]], [["Doe, Jane", "1", "0012", ""]], "no student of the platform"),
        (
            ["ID", "SIS Login ID"],
            [["1", "jane"]],
            [["A", "1", "", ""], ["B", "2", "", "jane"]],
            "two rows of the platform",
        ),
    ],
)
def test_nobody_is_matched_by_a_guess(
    header: list[str], students: list[list[str]], rows: list[list[str]], reason: str
) -> None:
    export = [[*row, "A", "", "old", ""] for row in rows]
    text, filled = _fill(header, [[*one, *RIGHT] for one in students], CANVAS, POSSIBLE, *export)
    assert filled.written == 0
    assert any(reason in str(one) for one in filled.unmatched)
    assert {row[-1] for row in _rows(text)[2:]} == {"old"}
    assert {one.row for one in filled.unmatched if one.table == "class"} == set(range(2, 2 + len(students)))


@pytest.mark.parametrize(
    ("header", "rows", "problem"),
    [
        (CANVAS[:5], [], "no column for the assignment “HW5”"),
        ([*CANVAS, "HW5 (99)"], [], "more than one column"),
        (CANVAS, [["Doe, Jane", "101", "s1", "jane", "A", "", "", ""]], "Points Possible"),
        (CANVAS, [[*POSSIBLE[:6], "0", ""]], "Points Possible"),
        (CANVAS, [[*POSSIBLE[:6], "1e999999999", ""]], "Points Possible"),
        (["Name", "Grade"], [], "no export that is known"),
    ],
)
def test_an_export_that_cannot_be_filled_says_why(header: list[str], rows: list[list[str]], problem: str) -> None:
    with pytest.raises(TableError, match=problem):
        _fill(["Student"], [["Doe, Jane", *RIGHT]], header, *rows)


MOODLE = ["First name", "Last name", "ID number", "Email address", "Assignment: HW4 (Real)"]


def test_moodle_gets_only_users_that_it_knows() -> None:
    text, filled = _fill(
        ["ID number"],
        [["s1", *RIGHT], ["s2", *HALF], ["s3", *RIGHT]],
        MOODLE,
        ["Jane", "Doe", "s1", "jane@x.org", "9"],
        ["Rick", "Roe", "s2", "rick@x.org", "-"],
        ["Max", "Moe", "s4", "max@x.org", "-"],
    )
    header, jane, rick = _rows(text)
    assert header == ["ID number", "Email address", "HW5", "HW5 feedback"]
    assert jane == ["s1", "jane@x.org", "5", ""]
    assert rick[:3] == ["s2", "rick@x.org", "3.5"]
    assert "Conv2d-9: " in rick[3]
    assert "<br>" in rick[3]
    assert all(0 <= float(row[2]) <= 5 for row in (jane, rick))
    assert "“ID number”" in filled.advice
    assert [(one.table, one.row, one.name) for one in filled.unmatched] == [("class", 4, "s3")]


def test_users_without_an_id_number_are_imported_by_their_addresses() -> None:
    rows = [["Jane", "Doe", "", "jane@x.org", ""], ["Rick", "Roe", "s2", "rick@x.org", ""]]
    text, filled = _fill(["Email address"], [["jane@x.org", *RIGHT], ["RICK@x.org", *RIGHT]], MOODLE, *rows)
    assert [row[:2] for row in _rows(text)[1:]] == [["", "jane@x.org"], ["s2", "rick@x.org"]]
    assert "“Email address”" in filled.advice
    assert not filled.unmatched


def test_a_user_that_moodle_would_not_find_is_left_out_and_listed() -> None:
    rows = [["Jane", "Doe", "s1", "", ""], ["Rick", "Roe", "", "=cmd@x.org", ""]]
    text, filled = _fill(["Name"], [["Jane Doe", *RIGHT], ["Rick Roe", *RIGHT]], MOODLE, *rows)
    assert [row[0] for row in _rows(text)[1:]] == ["s1"]
    assert any("no own ID number" in one.reason for one in filled.unmatched)


def test_the_worksheet_of_moodle_keeps_everything_but_grade_and_feedback() -> None:
    jane = ["Participant 7", "Jane Doe", "s1", "j@x.org", "Submitted", "", "10.00", "Yes", "Monday", "-", ""]
    rick = ["Participant 8", "Rick Roe", "s2", "r@x.org", "Submitted", "2.00", "10.00", "No", "Monday", "-", "old"]
    max_ = ["Participant 9", "Max Moe", "s3", "m@x.org", "No submission", "", "10.00", "Yes", "-", "-", ""]
    students = [["s1", *HALF], ["s2", *RIGHT]]
    text, filled = _fill(["ID number"], students, WORKSHEET, jane, rick, max_)
    header, *rows = _rows(text)
    assert header == WORKSHEET
    assert rows[0][:5] + rows[0][6:10] == jane[:5] + jane[6:10]
    assert rows[0][5] == "7"
    assert "arithmetic-slip" in rows[0][10]
    assert rows[1:] == [rick, max_]
    assert any("cannot be changed" in one.reason for one in filled.unmatched)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_reach_no_platform_as_a_formula(name: str) -> None:
    canvas, _ = _fill(["ID"], [["101", *RIGHT]], CANVAS, POSSIBLE, [name, "101", name, name, name, "", "", ""])
    sheet = ["Participant 7", name, "s1", name, name, "", "10", "Yes", name, name, name]
    worksheet, _ = _fill(["ID number"], [["s1", *HALF]], WORKSHEET, sheet)
    moodle, filled = _fill(["Email address"], [["a@x.org", *RIGHT]], MOODLE, [name, name, name, "a@x.org", name])
    assert filled.written == 1
    for text, row in ((canvas, -1), (worksheet, -1), (moodle, -1)):
        cells = _rows(text)[row]
        assert not any(cell.lstrip()[:1] in tuple("=+-@＝") for cell in cells if cell and not cell[-1].isdigit())
        assert not set("\0\u202e\u202c").intersection("".join(cells))


def test_gradescope_gets_a_test_for_each_layer() -> None:
    one = a_class(table(["Name", *LAYERS, "total"], ["Anna", *HALF, "7"]), most=10)
    ((row, grade),) = one.graded()
    content = json.loads(results(grade, one.most))
    assert content["score"] == 7
    assert [test["score"] for test in content["tests"]] == [2, 2, 2, 1, 0]
    assert {test["max_score"] for test in content["tests"]} == {2}
    assert [test["status"] for test in content["tests"]] == ["passed"] * 3 + ["failed"] * 2
    assert "[arithmetic-slip]" in content["tests"][3]["output"]
    assert "Your lines add up to" in content["output"]
    assert folder_name(one.columns.students, row) == "row-000002-Anna"


@pytest.mark.parametrize("name", [*HOSTILE.values(), "../../etc/passwd", "..", "CON", "a" * 300, "名前"])
def test_the_folder_of_a_student_is_harmless_and_own(name: str) -> None:
    one = a_class(table(["Name", *LAYERS], [name, *RIGHT], [name, *RIGHT]))
    names = [folder_name(one.columns.students, row) for row, _ in one.graded()]
    assert len(set(names)) == 2
    assert all(
        set(folder) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") for folder in names
    )
    assert max(map(len, names)) <= 60
