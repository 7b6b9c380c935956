"""Inline components: a small piece of HTML whose script and style lie beside the Python file that draws it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st


def inline_component(file: str, name: str, html: str, isolate_styles: bool = True) -> Callable[..., Any]:
    """Register the component `name` and return the function that draws it.

    `file` is the caller's `__file__`; the files of the same name ending in .js and .css belong to the component. It may
    have no style. With `isolate_styles=False` the page's styles apply inside the component, and its own apply to the
    whole page.

    The function takes `key`, `data` and the callbacks of `st.components.v2.component`. Pass tuples, not lists, in
    `data`: Streamlit imports pandas to find out whether a list is a table.
    """
    style = Path(file).with_suffix(".css")
    return st.components.v2.component(
        f"hw5_{name}",
        html=html,
        css=style.read_text(encoding="utf-8") if style.exists() else None,
        js=Path(file).with_suffix(".js").read_text(encoding="utf-8"),
        isolate_styles=isolate_styles,
    )
