"""The reports of torchsummary and torchinfo on the same network, and why their megabytes differ."""

import streamlit as st

from hw5core.explain.torch_report import MEBIBYTE, MEGABYTE, ModuleReport, megabytes
from hw5core.markdown import markdown_table
from hw5core.network.counting import Count, sizes
from pages.parts.shared.frame import heading

_WHY = (
    "**Two correct tools, two different numbers.** torchsummary's “MB” are MiB (2²⁰ bytes). Its forward/backward pass "
    "counts every listed output twice: the value and its gradient. torchinfo's MB are 10⁶ bytes. It also counts "
    "outputs twice, but only those of layers with parameters, so not those of ReLU. Both assume 4 bytes per value "
    "(float32) and a batch of one."
)


def tool_reports(counted: Count, report: ModuleReport | None) -> None:
    """Draw the sizes of both tools, the explanation, and both tables as the tools print them."""
    heading("torchsummary and torchinfo")
    info = megabytes(report.torchinfo.sizes, MEGABYTE) if report else ("…",) * 4
    head = ["tool", "input size", "forward/backward pass", "params size", "estimated total"]
    rows = [("torchsummary, MiB", *megabytes(sizes(counted), MEBIBYTE)), ("torchinfo, MB", *info)]
    st.markdown(markdown_table(head, rows, align="lrrrr"))
    st.markdown(_WHY)
    if report is None:
        st.caption("A worker runs torchinfo on PyTorch's meta device. Its report arrives in a moment.")
        return
    st.caption(
        f"torchinfo reports {report.torchinfo_macs:,} mult-adds. These are {report.torchinfo_macs - counted.macs:,} "
        "more than the MACs above, because torchinfo also counts biases and batch normalisations as multiplications."
    )
    tables = st.expander("The complete tables", on_change="rerun", key="complete tables")
    if tables.open:
        left, right = tables.columns(2)
        left.markdown("**torchsummary**")
        left.code(report.torchsummary.table, language=None)
        right.markdown("**torchinfo**")
        right.code(report.torchinfo.table, language=None)
