"""The HTML report: it has everything, loads nothing, and shows a student's words as they are."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from hw5core.homework.report.document import Attachment
from hw5core.homework.report.writing import write
from tests.hw5core.homework.report.example import REMARKS, hostile


class _Page(HTMLParser):
    """The parts of a page: its texts outside of scripts, its tags with attributes, and its scripts."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            self._in = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._in == "script" else self.texts).append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Page]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HW5_HOME", str(tmp_path_factory.mktemp("home")))
        yield _Page(write(hostile(), "html").decode())


def test_every_text_of_the_document_is_in_the_page_as_it_is(page: _Page) -> None:
    shown = "\n".join(page.texts)
    assert [text for text in hostile().texts() if text not in shown] == []
    assert REMARKS in page.texts


def test_no_word_of_a_student_becomes_a_tag_or_ends_a_script(page: _Page) -> None:
    assert len(page.scripts) == 2
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "script", "h1", "h2", "h3", "p", "blockquote",
               "ul", "li", "figure", "figcaption", "pre", "div", "details", "summary", "table", "caption", "thead",
               "tbody", "tr", "th", "td", "a"}  # fmt: skip
    assert {tag for tag, _ in page.tags} <= allowed
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_the_page_loads_nothing(page: _Page) -> None:
    addresses = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert all(address and address.startswith("data:") for address in addresses)
    policy = next(
        attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_charts_are_described_and_have_their_data_in_the_page(page: _Page) -> None:
    found = re.search(r"of (\[.*\])\.entries\(\)", page.scripts[1])
    assert found
    charts = json.loads(found[1])
    assert [chart["data"] for chart in charts] == [dict(one.specification["data"]) for one in hostile().charts]
    described = [attributes["aria-label"] for tag, attributes in page.tags if attributes.get("role") == "img"]
    assert described == [f"{chart.title}. {chart.words}" for chart in hostile().charts]


def test_the_receipts_can_be_saved_from_the_page(page: _Page) -> None:
    links = {attributes["download"]: attributes["href"] for tag, attributes in page.tags if tag == "a"}
    for one in hostile().blocks:
        if isinstance(one, Attachment):
            assert b64decode((links[one.name] or "").partition("base64,")[2]).decode() == one.content
