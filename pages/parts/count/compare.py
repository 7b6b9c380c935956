"""The comparison of the current network with a pinned one."""

import streamlit as st

from hw5core.explain.comparison import Total, differing_layers, totals
from hw5core.markdown import markdown_table
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count, LayerCount, count
from pages.parts.count import state
from pages.parts.shared.frame import heading


def compare(counted: Count, pinned: Architecture | None) -> None:
    """Draw the buttons that pin, and the differences between the pinned network (A) and the current one (B)."""
    heading("Compare A with B")
    pin, unpin, _ = st.columns([2, 2, 5])
    pin.button(
        "Pin this network as A",
        icon=":material/push_pin:",
        on_click=state.pin,
        args=(counted.architecture,),
        width="stretch",
    )
    unpin.button("Unpin", on_click=state.pin, args=(None,), disabled=pinned is None, width="stretch")
    if pinned is None:
        st.caption("Pin this network and edit it. The differences appear here.")
    elif pinned == counted.architecture:
        st.caption("A and B are the same network. Edit a layer.")
    else:
        st.markdown(_totals_table(count(pinned), counted))
        st.markdown(_layers_table(count(pinned), counted))


def _totals_table(first: Count, second: Count) -> str:
    rows = map(_total_row, totals(first, second))
    return markdown_table(["total", "A", "B", "B − A", "B / A"], rows, align="lrrrr")


def _total_row(total: Total) -> list[str]:
    ratio = f"{total.ratio:.4g}" if total.ratio is not None else "–"
    return [total.label, f"{total.first:,}", f"{total.second:,}", f"{total.second - total.first:+,}", ratio]


def _layers_table(first: Count, second: Count) -> str:
    rows = ([*_side(pair.first), *_side(pair.second)] for pair in differing_layers(first, second))
    return markdown_table(["A", "output", "parameters", "B", "output", "parameters"], rows, align="lrrlrr")


def _side(row: LayerCount | None) -> list[str]:
    if row is None:
        return ["–", "", ""]
    return [row.name, "×".join(map(str, row.output_shape)), f"{row.parameters:,}"]
