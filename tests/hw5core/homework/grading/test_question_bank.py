"""A question bank for Moodle is read back and grades answers as Moodle does."""

import json
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hw5core.__main__ import main
from hw5core.errors import ArchitectureError, TableError
from hw5core.homework.answers.check import check_text
from hw5core.homework.answers.mistakes import MISTAKES, Question
from hw5core.homework.grading.question_bank import question_bank
from hw5core.homework.variants import variant, variant_number
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

DIGITS = parse("1x28x28 conv10k5 bn relu maxpool2 conv20k5g2 relu maxpool2 flatten linear50 relu linear10")
VARIANTS = 3


@cache
def _bank(architecture: Architecture) -> ElementTree.Element:
    return ElementTree.fromstring("".join(question_bank(architecture, VARIANTS, "HW5/2 <&>")))


def _text(element: ElementTree.Element, path: str) -> str:
    return element.findtext(f"{path}/text") or ""


def _grade(question: ElementTree.Element, answer: int) -> tuple[float, str]:
    """Grade as Moodle does: the first answer that fits within its tolerance counts, and * fits everything."""
    for one in question.findall("answer"):
        number = one.findtext("text") or ""
        if number == "*" or abs(int(number) - answer) <= float(one.findtext("tolerance") or ""):
            return float(one.attrib["fraction"]), _text(one, "feedback")
    raise AssertionError("no answer fits")


def _asked(question: ElementTree.Element, architecture: Architecture) -> Question:
    code, layer = _text(question, "name").split()
    counted: Count = variant(architecture, variant_number(code))
    return Question(counted, next(row for row in counted.rows if row.name == layer))


def _numerical(architecture: Architecture) -> list[ElementTree.Element]:
    return [one for one in _bank(architecture).findall("question") if one.attrib["type"] == "numerical"]


@pytest.mark.parametrize("architecture", [PRESETS["homework"].architecture, DIGITS], ids=["homework", "digits"])
def test_every_question_takes_the_right_number_and_no_other(architecture: Architecture) -> None:
    for question in _numerical(architecture):
        right = _asked(question, architecture).right
        assert _grade(question, right)[0] == 100
        assert {_grade(question, right + by)[0] for by in (-1, 1, 10)} == {0}
        assert _grade(question, 1_234_567_891)[1].startswith("<p>No common mistake")


@pytest.mark.parametrize("architecture", [PRESETS["homework"].architecture, DIGITS], ids=["homework", "digits"])
def test_every_mistake_gets_the_reasons_of_a_check_and_no_points(architecture: Architecture) -> None:
    codes = set()
    for question in _numerical(architecture):
        asked = _asked(question, architecture)
        for mistake in MISTAKES.values():
            for wrong in mistake(asked):
                if wrong.value == asked.right or wrong.value < 1:
                    continue
                (line,) = (
                    line
                    for line in check_text(asked.counted, f"{asked.row.name} = {wrong.value}").lines
                    if line.given is not None
                )
                points, feedback = _grade(question, wrong.value)
                assert points == 0
                assert all(f"[{one.code}]" in feedback for one in line.explanations)
                codes |= {one.code for one in line.explanations}
    expected = {
        "digits": {"groups-ignored", "running-stats-counted", "flatten-size"},
        "homework": {"stride-multiplied"},
    }
    assert expected["digits" if architecture == DIGITS else "homework"] <= codes


def test_a_dropped_digit_is_a_known_mistake() -> None:
    question = _numerical(PRESETS["homework"].architecture)[0]
    right = _asked(question, PRESETS["homework"].architecture).right
    assert "[digit-dropped]" in _grade(question, int(str(right)[:-1]))[1]


def test_a_category_holds_the_questions_about_one_layer() -> None:
    kinds = [one.attrib["type"] for one in _bank(DIGITS).findall("question")]
    assert kinds == ["category", *["numerical"] * VARIANTS] * 5
    categories = [
        _text(one, "category") for one in _bank(DIGITS).findall("question") if one.attrib["type"] == "category"
    ]
    assert categories[0] == "$course$/top/HW5//2 <&>/Layer 1"
    assert len(set(categories)) == 5


def test_a_question_shows_the_network_and_the_layer_but_not_the_answer() -> None:
    for question in _numerical(DIGITS):
        asked, text = _asked(question, DIGITS), _text(question, "questiontext")
        assert str(asked.counted.architecture) in text
        assert str(asked.row.layer) in text
        assert asked.right < 100 or str(asked.right) not in text
        assert len({answer.findtext("text") for answer in question.findall("answer")}) == len(
            question.findall("answer")
        )


@pytest.mark.parametrize(
    ("network", "variants", "title", "problem"),
    [
        ("1x5x5 conv1k1", 1, "HW5", "no variants"),
        ("3x64x64 relu", 1, "HW5", "no layer with parameters"),
        ("3x64x64 conv64k3", 0, "HW5", "1 to 1,000 variants"),
        ("3x64x64 conv64k3", 1_001, "HW5", "1 to 1,000 variants"),
        ("3x64x64 conv64k3", 1, " ", "title"),
        ("3x64x64 conv64k3", 1, "x" * 101, "title"),
    ],
)
def test_a_bank_that_cannot_be_made_says_why(network: str, variants: int, title: str, problem: str) -> None:
    with pytest.raises((TableError, ArchitectureError), match=problem):
        list(question_bank(parse(network), variants, title))


@pytest.mark.parametrize("title", ["]]> <script>", "\0\x0b\u202eevil", "\"quoted\" & 'so'", "😀\ufffe"])
def test_a_hostile_title_is_only_text(title: str) -> None:
    bank = ElementTree.fromstring("".join(question_bank(parse("3x64x64 conv64k3"), 1, title)))
    assert "Layer 1" in (bank.findtext("question/category/text") or "")


def test_the_command_writes_a_bank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "bank.xml"
    assert main(["questions", "--preset", "homework", "--variants", "2", "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["questions"] == 10
    assert len(ElementTree.parse(target).getroot().findall("question")) == 15
    assert main(["questions", "--preset", "homework", "-o", str(tmp_path / "no" / "bank.xml")]) == 2
    assert "cannot be written" in capsys.readouterr().err
