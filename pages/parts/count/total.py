"""The total, which stays in view while the network is edited."""

from html import escape

import streamlit as st

from hw5core.network.architecture import Architecture
from hw5core.network.counting import BYTES_PER_VALUE, Count, count
from pages.parts.count.tables import memory
from pages.parts.shared.frame import page_background

_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-total) {position: sticky; top: calc(var(--hw5-menu) + .1rem); z-index: 90;
  background: BACKGROUND}
.hw5-total {display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem 1.6rem; padding: .3rem 0 .5rem;
  font-variant-numeric: tabular-nums; border-bottom: 1px solid #8884}
.hw5-total .hw5-number {min-width: 0}
.hw5-total .hw5-unit {opacity: .75}
/* Next to a long table, the layers stay in view too. */
@media (min-width: 821px) {[data-testid="stLayoutWrapper"]:has(> .st-key-layers) {position: sticky; top: 9.5rem}}
/* Side by side, both would be too narrow. */
@media (max-width: 820px) {
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-layers) {flex-direction: column}
  [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:has(.st-key-layers),
  [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:has(.st-key-layers) ~ * {width: 100%}
}
@media (max-width: 640px) {.hw5-total .hw5-beside {display: none}}
/* Streamlit fades elements before it updates them. During a drag they would flicker. */
[data-stale="true"] {opacity: 1 !important}
</style>"""


def total_style() -> None:
    """Draw the style that keeps the total at the top. Call it outside the fragment that runs at every slider step."""
    st.html(_STYLE.replace("BACKGROUND", page_background()))


def sticky_total(counted: Count, pinned: Architecture | None, images: int) -> None:
    """Draw the parameters as a large number, and next to it MACs, memory, and the difference from a pinned network.

    The memory of the outputs is that of a batch of `images` images. Only layers before a misfit count.
    """
    label = "trainable parameters" if not counted.misfit else f"parameters before layer {counted.misfit.number}"
    beside = [
        f"{counted.macs:,} MACs",
        f"weights {memory(BYTES_PER_VALUE * counted.parameters)}",
        f"outputs {memory(BYTES_PER_VALUE * counted.activations * images)}" + f" for {images:,} images" * (images > 1),
    ]
    if pinned:
        beside.insert(0, f"{counted.parameters - count(pinned).parameters:+,} against A")
    with st.container(key="total"):
        st.html(
            f'<div class="hw5-total"><span class="hw5-number">{counted.parameters:,}</span>'
            f'<span class="hw5-unit">{escape(label)}</span>'
            + "".join(f'<span class="hw5-unit hw5-beside">{escape(text)}</span>' for text in beside)
            + "</div>"
        )
