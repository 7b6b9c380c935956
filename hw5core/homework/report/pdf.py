"""The report as a PDF with selectable text, tagged headings and tables, and descriptions of its charts.

Typst, a compiler in one Python package, sets the layout in pdf.typ. All words reach it as JSON.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from hw5core.errors import ReportError
from hw5core.homework.report.document import Block, Chart, Document
from hw5core.homework.report.drawing import picture

_LAYOUT = Path(__file__).with_suffix(".typ")

_STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1, the standard for accessible PDFs. The compiler refuses a document that does not follow it."""

_NO_FONT = (
    "The server that wrote this PDF has no font for some of its characters. Their Unicode numbers are in their places, "
    "such as [U+0041] for an A. The HTML file shows them."
)

_WITHOUT_FONT = re.compile(r'the text `"(.+?)"` could not be displayed')
_ERROR = re.compile(r"^error: (.+)$", re.MULTILINE)
_NUMBER = re.compile(r"\\u\{([0-9a-f]+)\}")

_TRIES = 5
"""How often characters without a font are replaced. Once is enough, unless their neighbours then need another font."""


def to_pdf(document: Document) -> bytes:
    """Return the PDF. Raises ReportError if it cannot follow the standard."""
    import typst

    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = [_part(block, number, folder) for number, block in enumerate(document.blocks)]
        words: dict[str, Any] = {"shown author": document.author, "title": document.title, "blocks": parts}
        main = folder / "report.typ"
        main.write_bytes(_LAYOUT.read_bytes())
        for _ in range(_TRIES):
            (folder / "report.json").write_text(json.dumps(words | {"author": document.author}), encoding="utf-8")
            try:
                content: bytes = typst.compile(str(main), root=str(folder), pdf_standards=[_STANDARD])
            except typst.TypstError as error:
                words = _without(_characters(str(error.diagnostic)), words) | {"note": _NO_FONT}
            else:
                return content
    raise ReportError("The report's characters cannot be shown in a PDF. Choose another format.")


def _characters(diagnostic: str) -> set[str]:
    """Return the characters for which Typst has found no font. Raises ReportError if it has another problem."""
    found = _WITHOUT_FONT.findall(diagnostic)
    if not found:
        reason = _ERROR.search(diagnostic)
        raise ReportError(f"The report cannot be a PDF ({reason[1] if reason else diagnostic}). Choose another format.")
    return set("".join(_NUMBER.sub(lambda number: chr(int(number[1], 16)), text) for text in found))


def _without(characters: set[str], value: Any) -> Any:
    """Return nested dictionaries and lists with the numbers of these characters in their places."""
    if isinstance(value, str):
        return "".join(f"[U+{ord(one):04X}]" if one in characters else one for one in value)
    if isinstance(value, dict):
        return {name: _without(characters, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(characters, inner) for inner in value]
    return value


def _part(block: Block, number: int, folder: Path) -> dict[str, Any]:
    """Return the block as plain values, and write its picture into the folder if it is a chart."""
    part = {"kind": type(block).__name__, **asdict(block)}
    if isinstance(block, Chart):
        del part["specification"]
        part["picture"] = f"chart-{number}.png"
        (folder / part["picture"]).write_bytes(picture(block))
    return part
