"""Answers are read from text as students write it, and hostile text gets a message."""

import pytest

from hw5core.errors import PastedTextError
from hw5core.homework.answers import lines
from hw5core.homework.answers.lines import read_lines

LAYERS = 10


def _read(line: str) -> tuple[str, int, int | None]:
    (written,), unread = read_lines(line, LAYERS)
    assert not unread
    return written.label, written.given, written.arithmetic


@pytest.mark.parametrize(
    "number",
    [
        "3747200",
        "3,747,200",
        "3.747.200",
        "3 747 200",
        "3\u2009747\u2009200",
        "3\u00a0747\u00a0200",
        "3'747'200",
        "3’747’200",
        "3_747_200",
        "3\u202f747\u202f200",
        "3747200.00",
        "3,747,200.0",
        "$3{,}747{,}200$",
    ],
)
def test_a_number_is_read_with_any_thousands_separator(number: str) -> None:
    assert _read(f"Total: {number}") == ("Total", 3_747_200, None)
    assert _read(number) == ("", 3_747_200, None)


@pytest.mark.parametrize("times", ["*", "×", "·", "⋅", "x", " * ", " × ", " x ", r"\cdot ", " X "])
def test_a_product_is_read_with_any_sign_of_multiplication(times: str) -> None:
    text = times.join(["256", "384", f"(3{times}3)"])
    assert _read(f"{text} + 384 = 885,120") == ("", 885_120, 885_120)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Third Layer -256 * 384 * (3*3) + 384 = 885,129 parameters", ("Third Layer", 885_129, 885_120)),
        ("Conv2d-5 [-1, 384, 57, 57] 885,120", ("Conv2d-5", 885_120, None)),
        ("conv3 885 120", ("conv3", 885_120, None)),
        ("layer 3 256*384*(3*3)+384 = 885120", ("layer 3", 885_120, 885_120)),
        ("3. 885,120", ("layer 3", 885_120, None)),
        ("3) 256·384·3²+384", ("layer 3", 885_120, 885_120)),
        ("- conv3: 885,120", ("conv3", 885_120, None)),
        ("| 3 | conv 256→384, 3×3 | 256·384·(3·3)+384 | 885,120 |", ("layer 3", 885_120, 885_120)),
        ("Conv2d-5\t885,120", ("Conv2d-5", 885_120, None)),
        ("885120 = 256*384*9+384", ("", 885_120, 885_120)),
        ("conv3 = 256*384*9 + 384 = 884,736 + 384 = 885,120", ("conv3", 885_120, 885_120)),
        ("conv3 = 256*384*9 weights + 384 biases = 885,120 parameters (with bias)", ("conv3", 885_120, 885_120)),
        ("conv3 (256 → 384): 885,120", ("conv3 (256 → 384)", 885_120, None)),
        ("256(384)(3*3) + 384", ("", 885_120, 885_120)),
        ("conv 2: 192/2 * 10 = 960", ("conv 2", 960, 960)),
        ("Layer 34944", ("Layer", 34_944, None)),
        ("conv1 3*96*11*11+96", ("conv1", 34_944, 34_944)),
        ("ReLU-2 0", ("ReLU-2", 0, None)),
        ("Layer 3 Conv2d 885,120", ("Layer 3", 885_120, None)),
        ("conv2d_2 (Conv2D)  (None, 57, 57, 384)  885120", ("conv2d_2", 885_120, None)),
    ],
)
def test_a_line_is_split_into_its_label_its_arithmetic_and_its_result(
    line: str, expected: tuple[str, int, int | None]
) -> None:
    assert _read(line) == expected


@pytest.mark.parametrize("label", ["Fourth layer", "4th layer", "conv4", "layer 4", "Layer four", "the last layer"])
def test_a_number_after_a_label_that_names_its_layer_is_the_answer(label: str) -> None:
    (line,) = read_lines(f"{label} 1 327 488", layers=5)[0]
    assert (line.label, line.given) == (label, 1_327_488)


@pytest.mark.parametrize("line", ["", "-----", "Layer (type)   Param #", "conv1", "my answers:", "conv1 = ?"])
def test_a_line_without_numbers_is_no_answer(line: str) -> None:
    assert read_lines(line, LAYERS) == ([], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("conv1 = 35k", "35k"),
        ("conv1 = 885120.5", "whole number"),
        ("conv1 = (3*4", "not closed"),
        ("conv1 = 3*4)", "not opened"),
        ("conv1 = 3**", "missing at the end"),
        ("conv1 = 3 ** 99999999", "powers 0 to 3"),
        ("conv1 = 3/0", "divides by 0"),
        ("conv1 = 3/2", "whole number"),
        ("conv1 = 12 34", "sign is missing"),
        ("conv1 = __import__('os').system('echo 1')", "not understood"),
        ("34944, 614656, 885120", "“,” is not understood here: write one answer per line"),
        ("conv1 = 3; 4", "write one answer per line"),
        ("conv1 = " + "9" * 100, "at most 20 digits"),
        ("conv1 = " + "(" * 100 + "1", "more than 60 signs"),
        ("conv1 = " + "*".join(["9" * 20] * 10), "too large"),
        ("1" * 301, "more than 300 characters"),
        ("9" * 30 + "^3^3^3", "at most 20 digits"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(line: str, reason: str) -> None:
    written, (unread,) = read_lines(f"\n{line}", LAYERS)
    assert not written
    assert reason in str(unread)
    assert str(unread).startswith("Line 2: ")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(PastedTextError, match="20,000 characters"):
        read_lines("1" * (lines.MAX_CHARACTERS + 1), LAYERS)
    with pytest.raises(PastedTextError, match="400 lines"):
        read_lines("1\n" * (lines.MAX_LINES + 1), LAYERS)


@pytest.mark.parametrize(
    "piece", ["a", "a ", "1 ", "1,", "(", "a1", "a.", "1st ", "[", "|", "=", "x", "1x", "\\(", "²"]
)
def test_the_longest_lines_of_any_repeated_piece_are_read_or_refused(piece: str) -> None:
    line = (piece * lines.MAX_LINE)[: lines.MAX_LINE]
    text = "\n".join([line] * (lines.MAX_CHARACTERS // (lines.MAX_LINE + 1)))
    written, unread = read_lines(text, LAYERS)
    assert len(written) + len(unread) <= len(text.splitlines())
