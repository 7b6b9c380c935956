"""A convolution of a small real digit, step by step. convolution.js animates the numbers of explain.convolution."""

from dataclasses import asdict

import streamlit as st

from hw5core.explain.convolution import MAX_KERNEL, demonstrate
from hw5core.network.counting import Count
from hw5core.network.fields import in_prose
from hw5core.network.layers import Conv
from pages.parts.shared.component import inline_component
from pages.parts.shared.frame import heading

_component = inline_component(__file__, "convolution", '<div class="convolution"></div>')


def convolution_step_by_step(counted: Count, selected: int | None) -> None:
    """Draw the selected convolution, or the first one. Draws nothing if the network has none."""
    convolutions = [(row, row.layer) for row in counted.rows if isinstance(row.layer, Conv)]
    if not convolutions:
        return
    row, conv = next((pair for pair in convolutions if pair[0].number == selected), convolutions[0])
    heading(f"{row.name} step by step")
    st.markdown(
        f"One of its {conv.out_channels:,} filters, on one channel: kernel {in_prose(conv.kernel_size)}, stride "
        f"{in_prose(conv.stride)}, padding {in_prose(conv.padding)}, dilation {in_prose(conv.dilation)}. The weights "
        "shown here detect edges. The digit is a real "
        "one, enlarged so that the window fits. Point at an output cell to see its sum."
    )
    demonstration = demonstrate(conv)
    if demonstration is None:
        st.info(f"This window is too large to draw. Choose a kernel of at most {MAX_KERNEL} and less padding.")
        return
    _component(key="convolution", data=asdict(demonstration))
