"""A chart on a page, with a heading that also describes the chart in words for screen readers."""

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
    """Draw a heading and the chart below it, and return what `st.vega_lite_chart` returns.

    `words` describe what the chart shows now. The `options` go to `st.vega_lite_chart`.
    """
    return draw_with_heading(heading_html(title, words), title, table, specification, **options)


def draw_with_heading(
    heading: str, title: str, table: pd.DataFrame | pa.Table, specification: dict[str, Any], **options: Any
) -> Any:
    """Do the same as `draw_chart` with a heading from `heading_html`."""
    st.html(heading)
    drawn = enlarged(specification) if lecture_mode() else specification
    return st.vega_lite_chart(table, drawn, alt=title, **options)


def heading_html(title: str, words: str) -> str:
    """Return the HTML of a chart's heading. The `words` in it are invisible, but screen readers read them.

    They are not the chart's `alt`, because a changed `alt` makes the browser rebuild a live chart.
    """
    return f'<h2 class="hw5-chart">{escape(title)}<span class="hw5-spoken">: {escape(words)}</span></h2>'


def rows_to_send(table: pd.DataFrame) -> pa.Table:
    """Return the table in the form in which browsers receive it, for a chart that many viewers share.

    One thread converts it: starting several takes longer than converting a thousand rows.
    """
    return pa.Table.from_pandas(table, preserve_index=False, nthreads=1)
