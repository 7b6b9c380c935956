"""A document as plain data: blocks of text, tables and charts, in order. All text is plain text, never markup.

Each writer has to handle every kind of block, so the formats cannot differ in content.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

MAX_NAME, MAX_REMARKS = 200, 20_000
"""The largest numbers of characters of a name and of remarks."""


@dataclass(frozen=True)
class Heading:
    """A heading. Level 1 is a part of the document, level 2 a section of a part."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the report's own words."""

    text: str


@dataclass(frozen=True)
class Missing:
    """A sentence that says what is missing here, and why."""

    text: str


@dataclass(frozen=True)
class Quote:
    """The student's own words. Line breaks count, and nothing else has a meaning."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """Lines of fixed-width text: a tool's table, or the homework's lines."""

    title: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table with a title. `align` has an "l" or "r" per column."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


@dataclass(frozen=True)
class Chart:
    """A chart: a Vega-Lite specification with its data, what it shows in words, and its data as a table."""

    title: str
    words: str
    specification: Mapping[str, Any]
    table: Table


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to the report, with a sentence that says what it is for."""

    name: str
    content: str
    words: str


@dataclass(frozen=True)
class Program:
    """A Python program in parts: what each one is, and its code. They run in this order."""

    parts: tuple[tuple[str, str], ...]


Block = Heading | Paragraph | Missing | Quote | Items | Code | Table | Chart | Attachment | Program


@dataclass(frozen=True)
class Document:
    """A report. `author` is the student's name, or empty. `blocks` come in the order of reading."""

    title: str
    author: str
    blocks: tuple[Block, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing in the report, a sentence each."""
        return tuple(block.text for block in self.blocks if isinstance(block, Missing))

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Chart))

    def texts(self) -> Iterator[str]:
        """Yield every text that a reader of any format finds."""
        yield from filter(None, (self.title, self.author))
        for block in self.blocks:
            match block:
                case Heading() | Paragraph() | Missing() | Quote():
                    yield block.text
                case Items():
                    yield from block.texts
                case Code():
                    yield from (block.title, block.text)
                case Table():
                    yield from _texts_of_table(block)
                case Chart():
                    yield from (block.title, block.words, *_texts_of_table(block.table))
                case Attachment():
                    yield from (block.name, block.words)
                case Program():
                    for part in block.parts:
                        yield from part
                case _:
                    assert_never(block)


def _texts_of_table(table: Table) -> Iterator[str]:
    yield from (table.title, *table.head)
    for row in table.rows:
        yield from row
