"""The command `grade`: its files, its summary and its errors."""

import csv
import json
from pathlib import Path

import pytest

from hw5core.__main__ import main
from hw5core.homework.variants import variant
from hw5core.network.presets import PRESETS
from tests.hw5core.homework.grading.tables import LAYERS, RIGHT, table

Captured = pytest.CaptureFixture[str]


def _grade(folder: Path, text: str, *options: str, encoding: str = "utf-8") -> int:
    (folder / "class.csv").write_text(text, encoding=encoding, newline="")
    command = ["grade", str(folder / "class.csv"), "-o", str(folder / "graded.csv")]
    return main([*command, *(options or ("--preset", "homework")), "--json"])


def test_a_class_gets_its_points_and_a_summary(tmp_path: Path, capsys: Captured) -> None:
    rows = [["Müller", *RIGHT], ["Bert", "34848", *RIGHT[1:]], ["Cara", "1", "1", "1", "1", "1", "1", "1"]]
    text = table(["Name", *LAYERS], *rows, separator=";")
    assert _grade(tmp_path, text, "--preset", "homework", "--points", "10", encoding="cp1252") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "students": 3,
        "graded": 2,
        "without_grade": 1,
        "mean": 9.0,
        "of": 10.0,
        "mistakes": {"bias-forgotten": 1},
        "broken": [{"row": 4, "starts": "Cara", "problem": PROBLEM}],
    }
    assert f"error: row 4: {PROBLEM}" in printed.err
    written = list(csv.DictReader((tmp_path / "graded.csv").open(encoding="utf-8-sig", newline=""), delimiter=";"))
    assert [(row["Name"], row["points"], row["of"]) for row in written] == [
        ("Müller", "10", "10"),
        ("Bert", "8", "10"),
        ("Cara", "", "10"),
    ]


PROBLEM = "it has 8 cells, but the table has 6 columns: put a number with commas in quotes"


def test_every_row_without_a_grade_is_counted_although_only_the_first_are_listed(
    tmp_path: Path, capsys: Captured
) -> None:
    broken = ["Cara", *"1111111"]
    assert _grade(tmp_path, table(["Name", *LAYERS], ["Anna", *RIGHT], *[broken] * 1_500)) == 1
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert (summary["students"], summary["graded"], summary["without_grade"]) == (1_501, 1, 1_500)
    assert len(summary["broken"]) == 1_000
    assert printed.err.count(PROBLEM) == 20
    assert "error: and 1,480 more: see the column reasons" in printed.err


def test_a_network_in_one_line_and_a_program_can_be_graded(tmp_path: Path, capsys: Captured) -> None:
    text = table(["Name", "conv1", "fc1"], ["Anna", "260", "57610"])
    assert _grade(tmp_path, text, "--net", "1x28x28 conv10k5 relu flatten linear10") == 0
    program = tmp_path / "network.py"
    program.write_text("nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Flatten(), nn.Linear(5760, 10))")
    assert _grade(tmp_path, text, "--code", str(program), "--input", "1x28x28") == 0


def test_variants_are_those_of_the_homework_if_no_network_is_named(tmp_path: Path, capsys: Captured) -> None:
    own = [str(row.parameters) for row in variant(PRESETS["homework"].architecture, 42).rows if row.parameters]
    text = table(["Name", "variant", *LAYERS[: len(own)]], ["Anna", "v042", *own])
    assert _grade(tmp_path, text, "--variants") == 0
    assert json.loads(capsys.readouterr().out)["mean"] == len(own)
    assert main(["grade", str(tmp_path / "class.csv"), "-o", str(tmp_path / "graded.csv")]) == 2
    assert "a network is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("", (), "class.csv: it is empty"),
        ("Name,Note\n", (), "class.csv: no column has answers"),
        ("Name,conv1\n", ("--preset", "homework", "--variants"), "no column “variant”"),
        ("Name,conv1\n", ("--preset", "homework", "--points", "10001"), "at most 10,000"),
        ("Name,conv1\n", ("--preset", "empty"), "no layer with parameters"),
    ],
)
def test_a_class_that_cannot_be_graded_leaves_no_file(
    tmp_path: Path, capsys: Captured, text: str, options: tuple[str, ...], problem: str
) -> None:
    assert _grade(tmp_path, text, *options) == 2
    assert problem in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["class.csv"]


@pytest.mark.parametrize("points", ["0", "-1", "1e999999999", "ten", "nan"])
def test_points_that_are_no_positive_number_are_refused_at_once(tmp_path: Path, capsys: Captured, points: str) -> None:
    with pytest.raises(SystemExit):
        _grade(tmp_path, "Name,conv1\n", "--preset", "homework", f"--points={points}")
    assert f"{points!r} is no number of points that is more than 0, such as 12.5" in capsys.readouterr().err


def test_files_that_cannot_be_opened_are_named(tmp_path: Path, capsys: Captured) -> None:
    assert main(["grade", str(tmp_path / "none.csv"), "--preset", "homework", "-o", str(tmp_path / "x.csv")]) == 2
    assert "none.csv: No such file" in capsys.readouterr().err
    (tmp_path / "class.csv").write_text("Name,conv1\n")
    command = ["grade", str(tmp_path / "class.csv"), "--preset", "homework", "-o", str(tmp_path / "no" / "x.csv")]
    assert main(command) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'no' / 'x.csv'} cannot be written")


@pytest.mark.parametrize(
    "names",
    [
        ("class.csv", "export.csv", "filled.csv"),
        ("graded.csv", "export.csv", "export.csv"),
        ("graded.csv", "export.csv", "graded.csv"),
        ("graded.csv", "export.csv", "link.csv"),
    ],
)
def test_no_file_of_the_lecturer_is_overwritten(tmp_path: Path, capsys: Captured, names: tuple[str, str, str]) -> None:
    (tmp_path / "class.csv").write_text("Name,conv1\nAnna,34944\n")
    (tmp_path / "export.csv").write_text("Student,ID,Section\nAnna,1,A\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "class.csv")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    output, export, filled = (str(tmp_path / name) for name in names)
    command = ["grade", str(tmp_path / "class.csv"), "--preset", "homework", "-o", output, "--fill", export, filled]
    assert main(command) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_platforms_export_is_filled_and_everyone_left_out_is_listed(tmp_path: Path, capsys: Captured) -> None:
    export, filled, folder = tmp_path / "export.csv", tmp_path / "filled.csv", tmp_path / "gradescope"
    rows = [
        ["Student", "ID", "Section", "Homework 5 (7)"],
        ["Points Possible", "", "", "10"],
        ["Doe, Jane", "1", "A", ""],
    ]
    export.write_text(table(*rows))
    text = table(["Student", *LAYERS], ["Doe, Jane", *RIGHT], ["Roe, Rick", *RIGHT])
    options = ["--fill", str(export), str(filled), "--title", "Homework 5", "--gradescope", str(folder)]
    assert _grade(tmp_path, text, "--preset", "homework", *options) == 1
    printed = capsys.readouterr()
    summary = json.loads(printed.out)["filled"]
    assert (summary["platform"], summary["written"], summary["unmatched"][0]["name"]) == ("Canvas", 1, "Roe, Rick")
    assert "not matched: class, row 3, Roe, Rick: no student of the platform" in printed.err
    assert list(csv.reader(filled.open()))[-1] == ["Doe, Jane", "1", "A", "10"]
    assert json.loads((folder / "row-000002-Doe-Jane" / "results.json").read_text())["score"] == 5


def test_an_export_that_cannot_be_filled_names_its_file_and_leaves_none(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "export.csv").write_text("Name,Grade\n")
    options = ["--fill", str(tmp_path / "export.csv"), str(tmp_path / "filled.csv")]
    assert _grade(tmp_path, table(["Student", *LAYERS]), "--preset", "homework", *options) == 2
    assert "export.csv: it is no export that is known" in capsys.readouterr().err
    assert not (tmp_path / "filled.csv").exists()
