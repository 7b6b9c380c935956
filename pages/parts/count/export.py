"""The exports of the network: its link, PyTorch code, the table as CSV, the arithmetic as LaTeX, the drawing as SVG."""

import streamlit as st

from hw5core.explain.drawing import drawing
from hw5core.explain.exports import csv_table, latex_table, python_code
from hw5core.network.counting import Count
from pages.parts.shared.download import download_newest
from pages.parts.shared.frame import heading
from pages.parts.shared.plain_code import plain_code


def export(counted: Count) -> None:
    """Draw one export at a time. Each can be copied, and each except the link can be downloaded.

    Streamlit processes the whole page at every step of a slider, and its tabs take longer than everything else below
    the editor. So there are buttons, and only the chosen export is drawn.
    """
    heading("Export")
    if counted.misfit:
        st.caption(f"Only the layers before layer {counted.misfit.number}, which does not fit.")
    kinds = ["Link", "PyTorch", "CSV", "LaTeX", "SVG"]
    kind = st.segmented_control(
        "Kind", kinds, default="Link", required=True, key="export", label_visibility="collapsed"
    )
    match kind:
        case "PyTorch":
            _text(python_code(counted), "python", "network.py", "text/x-python")
        case "CSV":
            _text(csv_table(counted), None, "network.csv", "text/csv")
        case "LaTeX":
            _text(latex_table(counted), "latex", "network.tex", "application/x-tex")
        case "SVG":
            st.markdown("The drawing above as a file that you can scale and edit.")
            _download(drawing(counted), "network.svg", "image/svg+xml")
        case _:  # "Link", or an empty choice from a browser
            st.markdown("The URL of this page contains the whole network. The same in a terminal:")
            st.html(plain_code(f'python -m hw5core params --net "{counted.architecture}"'))


def _text(text: str, language: str | None, name: str, kind: str) -> None:
    if language:
        st.code(text, language=language)
    else:
        st.html(plain_code(text, wrap=False))
    _download(text, name, kind)


def _download(text: str, name: str, kind: str) -> None:
    download_newest(f"Download {name}", lambda: text, name, kind, f"download {name}")
