"""The report as a zip file: Markdown with pictures, and the receipts next to it."""

import io
from zipfile import ZIP_DEFLATED, ZipFile

from hw5core.homework.report.document import Attachment, Chart, Document
from hw5core.homework.report.drawing import picture
from hw5core.homework.report.markdown import escaped, markdown_of

REPORT = "homework/homework.md"


def to_archive(document: Document) -> bytes:
    """Return the zip file."""
    file, pictures = io.BytesIO(), 0
    parts = [f"# {escaped(document.title)}", *([escaped(document.author)] if document.author else [])]
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for block in document.blocks:
            name = ""
            if isinstance(block, Chart):
                pictures += 1
                name = f"chart-{pictures}.png"
                archive.writestr(f"homework/{name}", picture(block))
            if isinstance(block, Attachment):
                archive.writestr(f"homework/{block.name}", block.content)
            parts.append(markdown_of(block, name))
        archive.writestr(REPORT, "\n\n".join(parts) + "\n")
    return file.getvalue()
