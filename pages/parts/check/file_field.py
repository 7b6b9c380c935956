"""A field that opens a file of the visitor's computer. file_field.js sends its name and content; nothing is stored.

A browser can send anything, so name and content are checked here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from hw5core.errors import TableError
from hw5core.runs.spreadsheet import cleaned
from pages.parts.shared.component import inline_component
from pages.parts.shared.sent_bytes import bytes_in, most_bytes

MAX_BYTES = 700_000
"""The largest file. It fits into the message of 1 MB that docs/operating.md advises."""

_INCOMPLETE = "the file has arrived incomplete. Open it again"

_component = inline_component(__file__, "file_field", '<div class="field"></div>')


@dataclass(frozen=True)
class OpenedFile:
    """A file that a visitor has opened."""

    name: str
    content: bytes


def file_field(key: str, label: str, opened: OpenedFile | None, take: Callable[[Any], None]) -> None:
    """Draw the field. `take` gets what the browser sends; `read_file` reads it."""
    _component(
        key=key,
        data={"label": label, "name": opened.name if opened else "", "most_bytes": most_bytes(MAX_BYTES)},
        on_file_change=lambda: take(st.session_state[key].get("file")),
    )


def read_file(sent: Any) -> OpenedFile:
    """Return the file in what a browser has sent. Raises TableError if there is none."""
    if not isinstance(sent, dict) or not isinstance(name := sent.get("name"), str):
        raise TableError(_INCOMPLETE)
    most = most_bytes(MAX_BYTES)
    try:
        return OpenedFile(cleaned(name)[:100], bytes_in(sent.get("content"), most))
    except OverflowError:
        raise TableError(f"the file has more than {most // 1_000} kB. Use the command in a terminal") from None
    except ValueError:
        raise TableError(_INCOMPLETE) from None
