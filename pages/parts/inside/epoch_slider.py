"""The slider over the epochs. It reports while it is dragged, and the URL names the epoch."""

from contextlib import AbstractContextManager

import streamlit as st

from pages.parts.inside.checkpoints import START
from pages.parts.shared.frame import page_background
from pages.parts.shared.live_slider import live_slider

_AFTER = "after"
"""The URL parameter: the number of the epoch, or "start". Without it, the page shows the last epoch."""

_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-epoch-bar) {position: sticky; top: var(--hw5-menu); bottom: 0;
  z-index: 90; background: BACKGROUND; border-block: 1px solid #8884; padding-block: .4rem}
.st-key-epoch-bar {gap: 0}
.st-key-epoch-bar [data-testid="stCaptionContainer"] {margin: 0}
.st-key-epoch-bar [data-testid="stCaptionContainer"] p {margin: 0}
@media print {[data-testid="stLayoutWrapper"]:has(> .st-key-epoch-bar) {position: static}}
</style>"""


def epoch_bar() -> AbstractContextManager[object]:
    """Return a container for the slider that stays on the screen: everything on the page follows it."""
    st.html(_STYLE.replace("BACKGROUND", page_background()))
    return st.container(key="epoch-bar")


def epoch_slider(epochs: tuple[int, ...]) -> int:
    """Draw the slider over these epochs, and return the chosen one."""
    if len(epochs) == 1:
        st.caption("The networks before their first batch. After the first epoch, a slider shows how they change.")
        return epochs[0]
    wanted = st.query_params.get(_AFTER)
    found = next((epoch for epoch in epochs if _in_url(epoch) == wanted), None)
    if wanted is not None and found is None:
        st.warning("The weights of the epoch in this link are not here. Below are those of the last epoch.")
    chosen = epochs[-1] if found is None else found
    labels = tuple("start" if epoch == START else f"epoch {epoch}" for epoch in epochs)
    live_slider("epoch slider", "Weights after", labels, epochs.index(chosen), lambda place: _move(epochs[place]))
    return chosen


def _move(epoch: int) -> None:
    """Write the epoch into the URL."""
    st.query_params[_AFTER] = _in_url(epoch)


def _in_url(epoch: int) -> str:
    return "start" if epoch == START else str(epoch)
