"""Texts as cells of a table that a spreadsheet opens, so that none of them runs as a formula."""

import re

from hw5core.runs.invisible import INVISIBLE, visible

MAX_WRITTEN = 30_000
"""The largest number of characters in a written cell. Excel takes 32,767."""

_SUSPECT = re.compile(rf"[{INVISIBLE}\t\n=+\-@＝＋－＠]")
"""What a cell has that is not written as it is. Most cells have none of it."""

_HARMLESS = re.compile(r"[+-]?[0-9][0-9.,]*|-")
"""A number, or the dash that stands for none."""

_FORMULA = re.compile(r"(^|[,;\n])(\s*\"?\s*)(?=[=+\-@＝＋－＠])")
"""Where a formula may begin: at the start of a cell, and after what another spreadsheet takes for a separator."""


def cleaned(cell: str) -> str:
    """Return the text without invisible characters, and not more of it than a cell takes."""
    return visible(cell)[:MAX_WRITTEN]


def safe(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it: an apostrophe stands before what may be a formula."""
    if len(cell) <= MAX_WRITTEN and not _SUSPECT.search(cell):
        return cell
    text = cleaned(cell)
    return text if _HARMLESS.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)
