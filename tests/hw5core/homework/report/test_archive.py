"""The zip file: Markdown that an independent reader shows with all texts as they are, pictures, and receipts."""

import io
from collections.abc import Iterator
from zipfile import ZipFile

import pytest
from PIL import Image

from hw5core.homework.report.archive import to_archive
from hw5core.homework.report.document import Attachment
from hw5core.homework.report.markdown import escaped
from tests.hw5core.homework.report.example import hostile
from tests.hw5core.homework.report.rendered import Rendered, plain


@pytest.fixture(scope="module")
def archive() -> Iterator[ZipFile]:
    with ZipFile(io.BytesIO(to_archive(hostile()))) as opened:
        yield opened


@pytest.fixture(scope="module")
def rendered(archive: ZipFile) -> Rendered:
    return Rendered(archive.read("homework/homework.md").decode())


def test_every_text_of_the_document_is_shown_as_it_is(rendered: Rendered) -> None:
    assert [text for text in hostile().texts() if plain(text) not in rendered.text] == []


def test_no_word_of_a_student_becomes_markup(rendered: Rendered) -> None:
    pictures = [attributes["src"] for tag, attributes in rendered.tags if tag == "img"]
    assert pictures == ["chart-1.png", "chart-2.png", "chart-3.png"]
    links = [attributes["href"] for tag, attributes in rendered.tags if tag == "a"]
    assert links == [block.name for block in hostile().blocks if isinstance(block, Attachment)]
    allowed = {"h1", "h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "ul", "li",
               "blockquote", "br", "img", "a"}  # fmt: skip
    assert {tag for tag, _ in rendered.tags} <= allowed
    assert [tag for tag, _ in rendered.tags].count("pre") == 3 + 6, "three tables, and a program of six parts"


@pytest.mark.parametrize("text", ["# a", "- a", "1. a", "12) a", "=====", "---", "> a", "+ a", "* a", "```", ": a"])
def test_a_line_is_a_paragraph_whatever_it_starts_with(text: str) -> None:
    shown = Rendered(escaped(text))
    assert ([tag for tag, _ in shown.tags], shown.text) == (["p"], text)


def test_the_pictures_show_something_and_the_receipts_are_next_to_them(archive: ZipFile) -> None:
    for number in (1, 2, 3):
        with Image.open(io.BytesIO(archive.read(f"homework/chart-{number}.png"))) as picture:
            assert picture.width > 1_200
            assert len(picture.convert("RGB").getcolors(maxcolors=1_000_000) or []) > 20
    for block in hostile().blocks:
        if isinstance(block, Attachment):
            assert archive.read(f"homework/{block.name}").decode() == block.content
