"""Compare A with B: pin the network as it is, go on editing, and see only what differs."""

import streamlit as st

from hw5core.explain.comparison import Total, differing_layers, totals
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count, LayerCount, count
from pages.parts.count import work
from pages.parts.shared.frame import heading


def compare(counted: Count, pinned: Architecture | None) -> None:
    """The button that pins, and what differs between the pinned network (A) and the present one (B)."""
    heading("Compare A with B")
    pin, drop, _ = st.columns([2, 2, 5])
    pin.button(
        "Pin this network as A",
        icon=":material/push_pin:",
        on_click=work.pin,
        args=(counted.architecture,),
        width="stretch",
    )
    drop.button("Unpin", on_click=work.pin, args=(None,), disabled=pinned is None, width="stretch")
    if pinned is None:
        st.caption("Pin it, then go on editing: here appears only what differs, and by how much.")
    elif pinned == counted.architecture:
        st.caption("A and B are the same network so far. Edit a layer.")
    else:
        st.markdown(_totals_table(count(pinned), counted))
        st.markdown(_layers_table(count(pinned), counted))


def _totals_table(first: Count, second: Count) -> str:
    head = "| total | A | B | B − A | B / A |\n|:--|--:|--:|--:|--:|"
    return "\n".join([head, *map(_total_row, totals(first, second))])


def _total_row(total: Total) -> str:
    ratio = f"{total.ratio:.4g}" if total.ratio is not None else "–"
    return f"| {total.label} | {total.first:,} | {total.second:,} | {total.second - total.first:+,} | {ratio} |"


def _layers_table(first: Count, second: Count) -> str:
    head = "| A | output | parameters | B | output | parameters |\n|:--|--:|--:|:--|--:|--:|"
    rows = [f"| {_side(pair.first)} | {_side(pair.second)} |" for pair in differing_layers(first, second)]
    return "\n".join([head, *rows])


def _side(row: LayerCount | None) -> str:
    if row is None:
        return "– | | "
    return f"{row.name} | {'×'.join(map(str, row.output_shape))} | {row.parameters:,}"
