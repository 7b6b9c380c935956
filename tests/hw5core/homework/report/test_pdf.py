"""The PDF, read back: its texts, its tags, the descriptions of its charts, and its attached receipts."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from hw5core.homework.report.document import Attachment, Document, Heading, Quote
from hw5core.homework.report.pdf import to_pdf
from tests.hw5core.homework.report.example import NAME, REMARKS, hostile

_UNASSIGNED = "\u0378"
"""A number without a character, so no font has it."""

_RIGHT_TO_LEFT = "שלום עולם مرحبا"


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    return PdfReader(io.BytesIO(to_pdf(hostile())))


def _text(pdf: PdfReader) -> str:
    """The text without spaces and line breaks, because the lines of the PDF end elsewhere."""
    return _dense("".join(page.extract_text() for page in pdf.pages))


def _dense(text: str) -> str:
    return "".join(text.split())


def _tags(element: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tags of the PDF in the order of reading, with their attributes."""
    element = element.get_object()
    if isinstance(element, list):
        for child in element:
            yield from _tags(child)
    elif isinstance(element, dict):
        if "/S" in element:
            yield str(element["/S"]), element
        if "/K" in element:
            yield from _tags(element["/K"])


def test_every_text_of_the_document_can_be_selected(pdf: PdfReader) -> None:
    shown = _text(pdf)
    words = [line for text in hostile().texts() for line in text.split("\n") if line != _RIGHT_TO_LEFT]
    missing = [line for line in words if _dense(line) not in shown]
    # The words for a chart are also its description; a page break may divide a sentence.
    assert [line for line in missing if not all(part in shown for part in line.split())] == []
    assert len(missing) <= len(pdf.pages)


def test_no_word_of_a_student_is_read_as_typst(pdf: PdfReader) -> None:
    shown = _text(pdf)
    assert _dense('#eval("1+1") #read("/etc/passwd") $sum$ @label <label> = heading /* comment */ // comment') in shown
    assert _dense(NAME) in shown
    assert pdf.metadata is not None
    assert pdf.metadata.author == NAME
    headings = [tag for tag, _ in _tags(pdf.root_object["/StructTreeRoot"]) if tag.startswith("/H")]
    assert len(headings) == 1 + sum(isinstance(block, Heading) for block in hostile().blocks)
    assert REMARKS.splitlines()[1] == "# not a heading"


def test_headings_tables_and_charts_are_tagged_for_screen_readers(pdf: PdfReader) -> None:
    marks: Any = pdf.root_object["/MarkInfo"]
    assert marks["/Marked"]
    assert pdf.root_object["/Lang"] == "en"
    tags = list(_tags(pdf.root_object["/StructTreeRoot"]))
    assert [tag for tag, _ in tags if tag in ("/H1", "/H2")] == ["/H1", *5 * ["/H2"]]
    described = [element["/Alt"] for tag, element in tags if tag == "/Figure"]
    assert described == [f"{chart.title}. {chart.words}" for chart in hostile().charts]
    assert {"/Table", "/THead", "/TH", "/TD", "/L", "/LI", "/Code"} <= {tag for tag, _ in tags}


def test_the_receipts_are_attached(pdf: PdfReader) -> None:
    attached = {block.name: block.content for block in hostile().blocks if isinstance(block, Attachment)}
    assert {name: content[0].decode() for name, content in pdf.attachments.items()} == attached


def test_a_character_without_a_font_is_written_as_its_number_and_the_pdf_says_so() -> None:
    document = Document("A report", f"Ada{_UNASSIGNED}", (Heading("Remarks"), Quote(f"one {_UNASSIGNED} two")))
    pdf = PdfReader(io.BytesIO(to_pdf(document)))
    assert _dense("Ada[U+0378]") in _text(pdf)
    assert _dense("one [U+0378] two") in _text(pdf)
    assert _dense("has no font for some of its characters") in _text(pdf)
