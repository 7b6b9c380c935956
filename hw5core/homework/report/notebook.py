"""The report as a Jupyter notebook. Its last cells train the race again in plain PyTorch.

A student's words are in raw cells, which no program renders: neither as Markdown nor as formulas.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from hw5core.homework.report.document import Attachment, Block, Chart, Document, Program, Quote
from hw5core.homework.report.drawing import picture
from hw5core.homework.report.markdown import escaped, markdown_of

_PICTURE = "chart.png"


def to_notebook(document: Document) -> str:
    """Return the notebook, in nbformat 4.5."""
    cells = [_markdown(f"# {escaped(document.title)}")]
    cells += [_raw(document.author)] if document.author else []
    cells += [cell for block in document.blocks for cell in _cells(block)]
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "title": document.title}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}, indent=1)


def _cells(block: Block) -> Iterator[dict[str, Any]]:
    match block:
        case Quote(text):
            yield _raw(text)
        case Chart():
            drawn = {"image/png": b64encode(picture(block)).decode()}
            yield _markdown(markdown_of(block, f"attachment:{_PICTURE}")) | {"attachments": {_PICTURE: drawn}}
        case Attachment(name, content, words):
            yield _markdown(f"{escaped(words)} To check it, save the next cell as {escaped(name)}.")
            yield _raw(content)
        case Program(parts):
            for words, code in parts:
                yield _markdown(f"### {escaped(words)}")
                yield _cell("code", code.rstrip()) | {"execution_count": None, "outputs": []}
        case _:
            yield _markdown(markdown_of(block, ""))


def _markdown(source: str) -> dict[str, Any]:
    return _cell("markdown", source)


def _raw(source: str) -> dict[str, Any]:
    return _cell("raw", source)


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source}
