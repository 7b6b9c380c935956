"""What torchinfo and torchsummary report on the network of question 1."""

import streamlit as st

from hw5core.errors import EngineError
from hw5core.explain.torch_report import ModuleReport
from hw5core.training.module_report import module_report
from pages.parts.shared.server import ask_worker


def tools_report(text: str) -> ModuleReport | str:
    """Return both tools' reports on the network with this one-line form, or why there are none."""
    try:
        return _of_worker(text)
    except EngineError as error:
        return str(error)


@st.cache_data(max_entries=32, show_spinner="Asking torchinfo …")
def _of_worker(text: str) -> ModuleReport:
    """Return the reports. A worker makes them once for all visitors."""
    made: ModuleReport = ask_worker(module_report, text)
    return made
