"""The command `grade`: its files, its summary and its errors."""

import csv
import json
from pathlib import Path

import pytest

from hw5core.__main__ import main
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


def test_a_network_in_one_line_and_a_program_can_be_graded(tmp_path: Path, capsys: Captured) -> None:
    text = table(["Name", "conv1", "fc1"], ["Anna", "260", "57610"])
    assert _grade(tmp_path, text, "--net", "1x28x28 conv10k5 relu flatten linear10") == 0
    program = tmp_path / "network.py"
    program.write_text("nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Flatten(), nn.Linear(5760, 10))")
    assert _grade(tmp_path, text, "--code", str(program), "--input", "1x28x28") == 0


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("", (), "class.csv: it is empty"),
        ("Name,Note\n", (), "class.csv: no column has answers"),
        ("Name,conv1\n", ("--preset", "homework", "--variants"), "no column “variant”"),
        ("Name,conv1\n", ("--preset", "homework", "--points", "0"), "more than 0"),
        ("Name,conv1\n", ("--preset", "empty"), "no layer with parameters"),
    ],
)
def test_a_class_that_cannot_be_graded_leaves_no_file(
    tmp_path: Path, capsys: Captured, text: str, options: tuple[str, ...], problem: str
) -> None:
    assert _grade(tmp_path, text, *options) == 2
    assert problem in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["class.csv"]


def test_files_that_cannot_be_opened_are_named(tmp_path: Path, capsys: Captured) -> None:
    assert main(["grade", str(tmp_path / "none.csv"), "--preset", "homework", "-o", str(tmp_path / "x.csv")]) == 2
    assert "none.csv: No such file" in capsys.readouterr().err
    (tmp_path / "class.csv").write_text("Name,conv1\n")
    command = ["grade", str(tmp_path / "class.csv"), "--preset", "homework", "-o", str(tmp_path / "no" / "x.csv")]
    assert main(command) == 2
    assert "x.csv cannot be written" in capsys.readouterr().err
