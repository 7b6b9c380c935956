"""A download button per format. A file is written when somebody asks for it."""

from functools import partial

import streamlit as st

from hw5core.homework.report.document import Document
from hw5core.homework.report.writing import FORMATS, write
from pages.parts.shared.download import download_newest


def downloads(document: Document) -> None:
    """Draw the buttons."""
    with st.container(horizontal=True, key="report-downloads"):
        for ending, format in FORMATS.items():
            download_newest(
                format.title,
                partial(write, document, ending),
                f"homework.{ending}",
                format.mime,
                f"report as {ending}",
                help=format.words,
            )
