"""The report's blocks as Markdown, for the zip file and the notebook. Every text is escaped."""

import re
from collections.abc import Iterator

from hw5core.homework.report.document import (
    Attachment,
    Block,
    Chart,
    Code,
    Heading,
    Items,
    Missing,
    Paragraph,
    Program,
    Quote,
    Table,
)
from hw5core.markdown import markdown_table

_MARKS = re.compile(r"([\\`*_\[\]<>|~$&@])")
"""What may be markup anywhere in a line."""

_MARKS_AT_START = re.compile(r"^(?:([-+=#>:])|(\d+)([.)]))")
"""What may be markup at the start of a line: lists, headings, quotations."""

_ADDRESS = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=mailto)(?=:)")
_WORD_JOINER = "\u2060"


def escaped(text: str) -> str:
    """Return the text in one line of Markdown that shows it unchanged.

    Some programs make a link of an address although its marks are escaped, but not with an invisible character inside.
    """
    line = _MARKS.sub(r"\\\1", " ".join(text.split("\n")))
    return _ADDRESS.sub(_WORD_JOINER, _MARKS_AT_START.sub(_with_backslash, line))


def _with_backslash(mark: re.Match[str]) -> str:
    sign, number, dot = mark.groups()
    return f"\\{sign}" if sign else f"{number}\\{dot}"


def markdown_of(block: Block, picture: str) -> str:
    """Return the block. `picture` is the address of a chart's picture; other blocks do not use it."""
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {escaped(text)}"
        case Paragraph(text):
            return escaped(text)
        case Missing(text):
            return f"> **Missing.** {escaped(text)}"
        case Quote(text):
            return "\n".join(_quoted_lines(text))
        case Items(texts):
            return "\n".join(f"- {escaped(text)}" for text in texts)
        case Code(title, text):
            return f"**{escaped(title)}**\n\n{_indented(text)}"
        case Table():
            return _table(block)
        case Chart(title, words, _, table):
            image = f"![{escaped(f'{title}. {words}')}]({picture})"
            return "\n\n".join([f"**{escaped(title)}**", image, escaped(words), _table(table)])
        case Attachment(name, _, words):
            return f"[{escaped(name)}]({name}): {escaped(words)}"
        case Program(parts):
            return "\n\n".join(f"**{escaped(words)}**\n\n{_indented(code)}" for words, code in parts)


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())


def _quoted_lines(text: str) -> Iterator[str]:
    """Yield the lines as a quotation. A backslash at the end keeps the line break; spaces at the start are kept too."""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        stripped = line.lstrip(" ")
        spaces = "&nbsp;" * (len(line) - len(stripped))
        yield f"> {spaces}{escaped(stripped)}" + "\\" * (number < len(lines) and bool(stripped))


def _table(table: Table) -> str:
    rows = [[escaped(cell) for cell in row] for row in table.rows]
    return f"**{escaped(table.title)}**\n\n{markdown_table([escaped(cell) for cell in table.head], rows, table.align)}"
