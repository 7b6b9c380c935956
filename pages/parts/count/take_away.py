"""The network to take away: its link, PyTorch code, the table as CSV, the arithmetic as LaTeX, the picture as SVG."""

import streamlit as st

from hw5core.explain.drawing import drawing
from hw5core.explain.exports import csv_table, latex_table, python_code
from hw5core.network.counting import Count
from pages.parts.shared.frame import heading


def take_away(counted: Count) -> None:
    """One form at a time; each can be copied, and each but the link downloaded.

    Whatever stands on the page is gone through again at every step of a slider, and Streamlit's tabs take longer to it
    than all the rest below the editor: hence buttons, and only the chosen form.
    """
    heading("Take it away")
    if counted.misfit:
        st.caption(f"Of the layers before layer {counted.misfit.number}, which does not fit.")
    draw = {"Link": _link, "PyTorch": _code, "CSV": _csv, "LaTeX": _latex, "SVG": _picture}
    form = st.segmented_control(
        "Form", list(draw), default="Link", required=True, key="take away", label_visibility="collapsed"
    )
    draw[form or "Link"](counted)  # a browser may send an empty choice


def _link(counted: Count) -> None:
    st.markdown("The address of this page holds the whole network. As a line for the terminal:")
    st.code(f'python -m hw5core params --net "{counted.architecture}"', language=None, wrap_lines=True)


def _code(counted: Count) -> None:
    _offer(python_code(counted), "python", "network.py", "text/x-python")


def _csv(counted: Count) -> None:
    _offer(csv_table(counted), None, "network.csv", "text/csv")


def _latex(counted: Count) -> None:
    _offer(latex_table(counted), "latex", "network.tex", "application/x-tex")


def _picture(counted: Count) -> None:
    st.markdown("The drawing above, as a file that scales and can be edited.")
    _download(drawing(counted), "network.svg", "image/svg+xml")


def _offer(text: str, language: str | None, name: str, kind: str) -> None:
    st.code(text, language=language)
    _download(text, name, kind)


def _download(text: str, name: str, kind: str) -> None:
    st.download_button(f"Download {name}", text, name, kind, icon=":material/download:", on_click="ignore")
