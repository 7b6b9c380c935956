"""The report as it will be in the files, drawn on the page."""

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
from hw5core.markdown import markdown_table
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.frame import heading
from pages.parts.shared.plain_words import plain


def preview(document: Document) -> None:
    """Draw the report."""
    with st.container(border=True):
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
            st.code(text, language=None)
        case Table():
            _table(block)
        case Chart(title, words, specification, table):
            rows = pd.DataFrame(specification["data"]["values"])
            drawn = {name: value for name, value in specification.items() if name != "data"}
            draw_chart(title, words, rows, drawn, key=f"report chart {number}")
            st.caption(plain(words))
            with st.expander("The data as a table"):
                _table(table)
        case Attachment(name, _, words):
            st.caption(plain(f"{name}: {words}"))
        case Program(parts):
            with st.expander("The program"):
                for words, code in parts:
                    st.markdown(f"**{plain(words)}**")
                    st.code(code, language="python")


def _table(table: Table) -> None:
    st.markdown(f"**{plain(table.title)}**")
    rows = [[plain(cell) for cell in row] for row in table.rows]
    st.markdown(markdown_table([plain(cell) for cell in table.head], rows, table.align))
