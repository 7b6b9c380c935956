"""Markdown that is built from values."""

from collections.abc import Iterable, Sequence

_RULES = {"-": "---", "l": ":--", "c": ":-:", "r": "--:"}


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """Return a Markdown table with this head and these rows.

    `align` has one letter per column: "l", "c" or "r", or "-" for the renderer's default. Markdown inside a cell works;
    a "|" in it is escaped and a line break becomes a space, so that a cell never ends the table's cell or row. Raises
    ValueError when a row or `align` does not have the head's number of columns.
    """
    rules = [_RULES[letter] for letter in align or "-" * len(head)]
    lines = [head, rules, *rows]
    if any(len(line) != len(head) for line in lines):
        raise ValueError(f"a table of {len(head)} columns has a row or an alignment of another length")
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").splitlines())
