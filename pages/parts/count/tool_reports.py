"""The reports of torchsummary and torchinfo on the same network, and why their megabytes differ."""

import streamlit as st

from hw5core.explain.torch_report import MEBIBYTE, MEGABYTE, WHY_MEGABYTES_DIFFER, ModuleReport, megabytes
from hw5core.markdown import markdown_table
from hw5core.network.counting import Count, sizes
from hw5core.network.layers import ConvTranspose
from pages.parts.shared.frame import heading
from pages.parts.shared.plain_code import plain_code

_WHY = f"**Two correct tools, two different numbers.** {WHY_MEGABYTES_DIFFER}"


def tool_reports(counted: Count, report: ModuleReport | None, images: int) -> None:
    """Draw the sizes of both tools for a batch of `images` images, the explanation, and both tables as the tools print
    them."""
    heading("torchsummary and torchinfo")
    info = megabytes(report.torchinfo.sizes.for_batch(images), MEGABYTE) if report else ("…",) * 4
    head = ["tool", "input size", "forward/backward pass", "params size", "estimated total"]
    rows = [("torchsummary, MiB", *megabytes(sizes(counted).for_batch(images), MEBIBYTE)), ("torchinfo, MB", *info)]
    st.markdown(markdown_table(head, rows, align="lrrrr"))
    st.markdown(
        f"{_WHY} These sizes are for a batch of {images:,}."
        + " The complete tables are for a batch of one." * (images > 1)
    )
    if report is None:
        st.caption("A worker runs torchinfo on PyTorch's meta device. Its report arrives in a moment.")
        return
    st.caption(_difference(counted, report.torchinfo_macs))
    tables = st.expander("The complete tables", on_change="rerun", key="complete tables")
    if tables.open:
        left, right = tables.columns(2)
        left.markdown("**torchsummary**")
        left.html(plain_code(report.torchsummary.table, wrap=False))
        right.markdown("**torchinfo**")
        right.html(plain_code(report.torchinfo.table, wrap=False))


def _difference(counted: Count, mult_adds: int) -> str:
    """Return a sentence that says why torchinfo counts other multiply-accumulates than the page."""
    words = f"torchinfo reports {mult_adds:,} mult-adds."
    if mult_adds == counted.macs:
        return f"{words} These are the MACs above."
    more = f"{abs(mult_adds - counted.macs):,} {'more' if mult_adds > counted.macs else 'fewer'}"
    reason = "torchinfo also counts biases, normalisations and learnt slopes as multiplications"
    if any(isinstance(row.layer, ConvTranspose) for row in counted.rows):
        reason += ", and takes each value of a transposed convolution's output for a sum of all weights"
    return f"{words} These are {more} than the MACs above, because {reason}."
