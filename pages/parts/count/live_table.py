"""A table that follows the thumb: live_table.js writes only the cells that changed.

Markdown is parsed and its formulas are set anew at every step of a slider, which takes the browser longer than all the
rest; this one is words in cells, and no word is ever markup.
"""

from dataclasses import asdict, dataclass

from pages.parts.shared.component import inline_component

_component = inline_component(
    __file__,
    "live_table",
    '<div class="hw5-live-table"><table><thead></thead><tbody></tbody></table></div>',
    isolate_styles=False,
)


@dataclass(frozen=True)
class Row:
    """The words of its cells; `kind` is how it looks: "marked", "total" or ""."""

    words: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """`columns` says of each column how it is set: "left", "right", "centre" or "formula"."""

    titles: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def live_table(name: str, table: Table) -> None:
    """Draw the table; `name` is its key on the page."""
    # All of it tuples: Streamlit imports pandas to see whether a list is a table.
    _component(key=name, data=asdict(table))
