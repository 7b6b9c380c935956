"""What the two well-known tools say of the same network, and why their megabytes differ."""

import streamlit as st

from hw5core.explain.torch_report import MEBIBYTE, MEGABYTE, ModuleReport, megabytes
from hw5core.markdown import markdown_table
from hw5core.network.counting import Count, sizes
from pages.parts.shared.frame import heading

_WHY = (
    "**Two right tools, two different numbers.** torchsummary's “MB” are MiB (2²⁰ bytes), and its forward/backward "
    "pass counts every listed output twice: the value and its gradient. torchinfo's MB are 10⁶ bytes, and it counts "
    "twice only the outputs of layers that have parameters, so not those of ReLU. Both take 4 bytes a value (float32) "
    "and a batch of one."
)


def tools(counted: Count, facts: ModuleReport | None) -> None:
    """Both sizes in a table, the sentence that explains them, and both tables as they are printed."""
    heading("As the tools print it")
    st.markdown(_sizes_table(counted, facts))
    st.markdown(_WHY)
    if facts is None:
        st.caption("torchinfo is asked by a worker on PyTorch's meta device; its answer comes in a moment.")
        return
    st.caption(
        f"torchinfo reports {facts.torchinfo_macs:,} mult-adds, {facts.torchinfo_macs - counted.macs:,} more than the "
        "MACs above: it counts biases and batch normalisations as multiplications too."
    )
    whole = st.expander("The whole tables", on_change="rerun", key="whole tables")
    if whole.open:
        layout, info = whole.columns(2)
        layout.markdown("**torchsummary's layout**")
        layout.code(facts.torchsummary.table, language=None)
        info.markdown("**torchinfo**")
        info.code(facts.torchinfo.table, language=None)


def _sizes_table(counted: Count, facts: ModuleReport | None) -> str:
    info = megabytes(facts.torchinfo.sizes, MEGABYTE) if facts else ("…",) * 4
    rows = [("torchsummary, MiB", *megabytes(sizes(counted), MEBIBYTE)), ("torchinfo, MB", *info)]
    head = ["tool", "input size", "forward/backward pass", "params size", "estimated total"]
    return markdown_table(head, rows, align="lrrrr")
