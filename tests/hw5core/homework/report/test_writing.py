"""Reports are written in a separate process, whose failures are messages."""

import subprocess
import sys
from pathlib import Path

import pytest

from hw5core.errors import ReportError
from hw5core.homework.report.document import Document, Paragraph
from hw5core.homework.report.writing import FORMATS, write

ROOT = Path(__file__).parents[4]
SMALL = Document("A report", "", (Paragraph("One sentence."),))

PROGRAM = """
import sys
from hw5core.homework.report.document import Document, Paragraph
from hw5core.homework.report.writing import write
assert write(Document("A report", "", (Paragraph("One sentence."),)), "pdf").startswith(b"%PDF")
print(sorted({"vl_convert", "typst", "torch"} & set(sys.modules)))
"""


def test_whoever_asks_for_a_report_loads_none_of_the_large_libraries() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_a_failure_is_a_message_and_the_next_report_is_written() -> None:
    with pytest.raises(ReportError, match=r"could not be written: KeyError: 'docx'\. Try again"):
        write(SMALL, "docx")
    assert b"One sentence" in write(SMALL, "ipynb")


def test_a_report_that_a_format_cannot_show_is_refused_in_one_sentence_without_the_advice_to_try_again() -> None:
    without_title = Document("", "", SMALL.blocks)
    with pytest.raises(
        ReportError, match=r"^The report cannot be a PDF \(.*title is empty\)\. Choose another format\.$"
    ):
        write(without_title, "pdf")


def test_every_format_has_a_title_and_says_what_it_is_good_for() -> None:
    assert list(FORMATS) == ["html", "pdf", "zip", "ipynb"]
    assert all(format.title and format.words.endswith(".") for format in FORMATS.values())
