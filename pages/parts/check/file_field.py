"""A field that opens a file of the visitor's computer. file_field.js sends its name and content; nothing is stored.

A browser can send anything, so name and content are checked here.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from hw5core.errors import TableError
from hw5core.homework.grading.writing import cleaned
from pages.parts.shared.component import inline_component

MAX_BYTES = 700_000
"""The largest file. As base64 it fits into the message of 1 MB that docs/operating.md advises."""

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
        data={"label": label, "name": opened.name if opened else "", "most_bytes": MAX_BYTES},
        on_file_change=lambda: take(st.session_state[key].get("file")),
    )


def read_file(sent: Any) -> OpenedFile:
    """Return the file in what a browser has sent. Raises TableError if there is none."""
    if not isinstance(sent, dict) or not isinstance(name := sent.get("name"), str):
        raise TableError("the file has arrived incomplete. Open it again")
    content = sent.get("content")
    if not isinstance(content, str):
        raise TableError("the file has arrived incomplete. Open it again")
    if len(content) > 4 * (MAX_BYTES // 3 + 1):
        raise TableError(f"the file has more than {MAX_BYTES // 1_000} kB. Use the command in a terminal")
    try:
        return OpenedFile(cleaned(name)[:100], base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        raise TableError("the file has arrived incomplete. Open it again") from None
