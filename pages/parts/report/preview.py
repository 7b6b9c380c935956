"""The report as it will be in the files, drawn on the page."""

from pathlib import Path
from typing import assert_never

import pandas as pd
import streamlit as st

from hw5core.homework.report.document import (
    Attachment,
    Block,
    Chart,
    Code,
    Document,
    Heading,
    Items,
    Missing,
    Paragraph,
    Program,
    Quote,
    Table,
)
from hw5core.homework.report.html import code_html, table_html
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.frame import heading
from pages.parts.shared.plain_words import plain

_STYLE = Path(__file__).with_suffix(".css")


def preview(document: Document) -> None:
    """Draw the report."""
    st.html(_STYLE)
    with st.container(border=True, key="report-preview"):
        st.subheader(plain(document.title), anchor=False)
        if document.author:
            st.text(document.author)
        for number, block in enumerate(document.blocks):
            _draw(block, number)


def _draw(block: Block, number: int) -> None:
    match block:
        case Heading(text, 1):
            st.subheader(plain(text), anchor=False)
        case Heading(text):
            heading(text)
        case Paragraph(text):
            st.markdown(plain(text))
        case Missing(text):
            st.warning(plain(text))
        case Quote(text):
            st.text(text)
        case Items(texts):
            st.markdown("\n".join(f"- {plain(text)}" for text in texts))
        case Code(title, text):
            st.markdown(f"**{plain(title)}**")
            st.html(code_html(text))
        case Table():
            st.html(table_html(block))
        case Chart(title, words, specification, table):
            rows = pd.DataFrame(specification["data"]["values"])
            drawn = {name: value for name, value in specification.items() if name != "data"}
            draw_chart(title, words, rows, drawn, key=f"report chart {number}")
            st.caption(plain(words))
            with st.expander("The data as a table"):
                st.html(table_html(table))
        case Attachment(name, _, words):
            st.caption(plain(f"{name}: {words}"))
        case Program(parts):
            with st.expander("The program"):
                for words, code in parts:
                    st.markdown(f"**{plain(words)}**")
                    st.html(code_html(code))
        case _:
            assert_never(block)
