"""A chart on a page: its title, what it shows now in words for whoever cannot see it, and larger in lecture mode."""

from html import escape
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from hw5core.charts.parts import enlarged
from pages.parts.shared.lecture import lecture_mode


def draw_chart(
    title: str, words: str, table: pd.DataFrame | pa.Table, specification: dict[str, Any], **options: Any
) -> Any:
    """What `st.vega_lite_chart` gives; `words` say what the chart shows now."""
    return draw_under(heading_html(title, words), title, table, specification, **options)


def draw_under(
    heading: str, title: str, table: pd.DataFrame | pa.Table, specification: dict[str, Any], **options: Any
) -> Any:
    """The same, when the heading has been made."""
    st.html(heading)
    drawn = enlarged(specification) if lecture_mode() else specification
    return st.vega_lite_chart(table, drawn, alt=title, **options)


def heading_html(title: str, words: str) -> str:
    """The heading of a chart that shows now what these words say.

    They stand in it, seen by nobody and read aloud to everybody who asks, because a changed `alt` would make the
    browser build a live chart anew.
    """
    return f'<h2 class="hw5-chart">{escape(title)}<span class="hw5-spoken">: {escape(words)}</span></h2>'


def rows_to_send(table: pd.DataFrame) -> pa.Table:
    """The rows in the form in which they are sent, for a chart that many watch. On one thread: several take longer to
    start than a thousand rows to make ready."""
    return pa.Table.from_pandas(table, preserve_index=False, nthreads=1)
