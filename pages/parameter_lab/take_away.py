"""The network to take away: its link, PyTorch code, the table as CSV, the arithmetic as LaTeX, the picture as SVG."""

import streamlit as st

from hw5core.drawing import drawing
from hw5core.exports import csv_table, latex_table, python_code
from hw5core.parameters import Count


def take_away(counted: Count) -> None:
    """One tab per form; each can be copied, and each but the link downloaded."""
    st.subheader("Take it away", anchor=False)
    if counted.misfit:
        st.caption(f"Of the layers before layer {counted.misfit.number}, which does not fit.")
    code, table, arithmetic, picture, link = st.tabs(["PyTorch", "CSV", "LaTeX", "Picture", "Link"])
    with code:
        _offer(python_code(counted), "python", "network.py", "text/x-python")
    with table:
        _offer(csv_table(counted), "csv", "network.csv", "text/csv")
    with arithmetic:
        _offer(latex_table(counted), "latex", "network.tex", "application/x-tex")
    with picture:
        _download(drawing(counted), "network.svg", "image/svg+xml")
    with link:
        st.markdown("The address of this page holds the whole network. As a line for the terminal:")
        st.code(f'python -m hw5core params --net "{counted.architecture}"', language="bash", wrap_lines=True)


def _offer(text: str, language: str, name: str, kind: str) -> None:
    st.code(text, language=language, height=320)
    _download(text, name, kind)


def _download(text: str, name: str, kind: str) -> None:
    st.download_button(f"Download {name}", text, name, kind, icon=":material/download:", on_click="ignore")
