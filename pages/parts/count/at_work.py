"""A convolution at work on a small real digit (at_work.js animates it; the numbers come from explain.convolution)."""

from dataclasses import asdict

import streamlit as st

from hw5core.explain.convolution import MOST_KERNEL, demonstrate
from hw5core.network.counting import Count, LayerCount
from hw5core.network.layers import Conv
from pages.parts.shared.component import inline_component
from pages.parts.shared.frame import heading

_component = inline_component(__file__, "convolution_at_work", '<div class="work"></div>')


def convolution_at_work(counted: Count, selected: int | None) -> None:
    """Show the marked convolution, or else the first; nothing where there is none."""
    row = _shown_row(counted, selected)
    if row is None or not isinstance(row.layer, Conv):
        return
    conv = row.layer
    heading(f"{row.name} at work")
    st.markdown(
        f"One of its {conv.out_channels:,} filters, on one channel: kernel {conv.kernel_size}, stride {conv.stride}, "
        f"padding {conv.padding}, dilation {conv.dilation}. The weights here are an edge detector in whole numbers; "
        "the digit is a real one, enlarged until the window fits. Point at an output cell to see what it is made of."
    )
    shown = demonstrate(conv)
    if shown is None:
        st.info(f"This window is too large for a picture. Up to kernel {MOST_KERNEL}, with some padding, it is drawn.")
        return
    _component(key="convolution at work", data=asdict(shown))


def _shown_row(counted: Count, selected: int | None) -> LayerCount | None:
    convolutions = [row for row in counted.rows if isinstance(row.layer, Conv)]
    marked = [row for row in convolutions if row.number == selected]
    return next(iter(marked + convolutions), None)
