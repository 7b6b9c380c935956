"""A download button per format. A file is written when somebody asks for it."""

from functools import partial

import streamlit as st

from hw5core.homework.report.document import Document
from hw5core.homework.report.writing import FORMATS, write


def downloads(document: Document) -> None:
    """Draw the buttons."""
    with st.container(horizontal=True, key="report-downloads"):
        for ending, format in FORMATS.items():
            st.download_button(
                format.title,
                partial(write, document, ending),
                file_name=f"homework.{ending}",
                mime=format.mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"report as {ending}",
                help=format.words,
            )
