"""The one number that matters, which stays in view while one edits."""

from html import escape

import streamlit as st

from hw5core.network.counting import BYTES_PER_VALUE, Count
from pages.parts.count.table import memory

_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-total) {position: sticky; top: 3.6rem; z-index: 90;
  background: light-dark(LIGHT, DARK)}
.hw5-total {display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem 1.6rem; padding: .3rem 0 .5rem;
  font-variant-numeric: tabular-nums; border-bottom: 1px solid #8884}
.hw5-total .hw5-number {min-width: 0}
.hw5-total .hw5-unit {opacity: .75}
/* Beside a long table the layers stay in view too. */
@media (min-width: 641px) {[data-testid="stLayoutWrapper"]:has(> .st-key-layers) {position: sticky; top: 9.5rem}}
@media (max-width: 640px) {.hw5-total .hw5-beside {display: none}}
/* Streamlit fades what it is about to draw anew: at every step of a slider a fade was begun and broken off. */
[data-stale="true"] {opacity: 1 !important}
</style>"""


def total_style() -> None:
    """What makes the total stay at the top. Drawn once, outside of what runs again at every step of a slider."""
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    st.html(_STYLE.replace("LIGHT", light).replace("DARK", dark))


def sticky_total(counted: Count) -> None:
    """The network's parameters, large, with its work and its memory beside them; of the fitting layers if one does not
    fit."""
    label = "trainable parameters" if not counted.misfit else f"parameters before layer {counted.misfit.number}"
    beside = [
        f"{counted.macs:,} MACs",
        f"weights {memory(BYTES_PER_VALUE * counted.parameters)}",
        f"outputs {memory(BYTES_PER_VALUE * counted.activations)}",
    ]
    with st.container(key="total"):
        st.html(
            f'<div class="hw5-total"><span class="hw5-number">{counted.parameters:,}</span>'
            f'<span class="hw5-unit">{escape(label)}</span>'
            + "".join(f'<span class="hw5-unit hw5-beside">{escape(text)}</span>' for text in beside)
            + "</div>"
        )
