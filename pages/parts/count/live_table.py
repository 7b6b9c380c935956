"""A table that follows the thumb: live_table.js writes only the cells that changed.

Markdown is parsed and its formulas are set anew at every step of a slider, which takes the browser longer than all the
rest; this one is words in cells, and no word is ever markup.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__)
_component = st.components.v2.component(
    "hw5_live_table",
    html='<div class="hw5-live-table"><table><thead></thead><tbody></tbody></table></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
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
