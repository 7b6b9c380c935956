"""The documentation as tests read it: files, sections, fenced blocks, and inline code."""

import re
from dataclasses import dataclass
from pathlib import Path

from tools.live import ROOT

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A heading and the fenced blocks below it, as (language, text)."""

    document: str
    heading: str
    blocks: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.document}: {self.heading}"

    @property
    def scripts(self) -> tuple[str, ...]:
        return tuple(text for language, text in self.blocks if language == "sh")


def sections(path: Path) -> list[Section]:
    """Return the sections of a document, in order."""
    text = path.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    # A comment in a shell script also starts with a number sign.
    headings = [one for one in _HEADING.finditer(text) if not any(f.start() < one.start() < f.end() for f in fences)]
    ends = [*(one.start() for one in headings[1:]), len(text)]
    return [
        Section(path.name, one[1], tuple((f[1], f[2]) for f in fences if one.start() < f.start() < end))
        for one, end in zip(headings, ends, strict=True)
    ]


def prose(path: Path) -> str:
    """Return the document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def inline_code(path: Path) -> list[str]:
    """Return the inline code of a document, in order."""
    return re.findall(r"`([^`\n]+)`", prose(path))


def anchors(path: Path) -> set[str]:
    """Return the anchors that links can name: each heading in lower case, with hyphens."""
    headings = (section.heading.lower() for section in sections(path))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}
