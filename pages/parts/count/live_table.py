"""A table that changes while a slider moves: live_table.js updates only the cells that changed.

A Markdown table would be parsed at every step of a slider, formulas included, which takes the browser longer than
everything else. The cells of this table are plain text.
"""

from dataclasses import dataclass

from pages.parts.shared.component import inline_component

_component = inline_component(
    __file__,
    "live_table",
    '<div class="hw5-live-table"><table><thead></thead><tbody></tbody></table></div>',
    isolate_styles=False,
)


@dataclass(frozen=True)
class Row:
    """The texts of its cells. `kind` is its look: "selected", "total" or ""."""

    words: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table. `columns` is the look of each column: "left", "right", "centre" or "formula"."""

    titles: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def live_table(name: str, table: Table) -> None:
    """Draw the table. `name` is its key on the page."""
    rows = tuple({"words": row.words, "kind": row.kind} for row in table.rows)
    _component(key=name, data={"titles": table.titles, "columns": table.columns, "rows": rows})
