"""The slider over the epochs. It reports while it is dragged, and the URL names the epoch."""

from contextlib import AbstractContextManager
from typing import Any

import streamlit as st

from pages.parts.inside.checkpoints import START
from pages.parts.shared.component import inline_component
from pages.parts.shared.frame import page_background

_AFTER = "after"
"""The URL parameter: the number of the epoch, or "start". Without it, the page shows the last epoch."""

_KEY = "epoch slider"
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-epoch-bar) {position: sticky; top: var(--hw5-menu); bottom: 0;
  z-index: 90; background: BACKGROUND; border-block: 1px solid #8884; padding-block: .4rem}
.st-key-epoch-bar {gap: 0}
.st-key-epoch-bar [data-testid="stCaptionContainer"] {margin: 0}
.st-key-epoch-bar [data-testid="stCaptionContainer"] p {margin: 0}
@media print {[data-testid="stLayoutWrapper"]:has(> .st-key-epoch-bar) {position: static}}
</style>"""

_component = inline_component(__file__, "epoch_slider", '<div class="slider"></div>')


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
    _component(
        key=_KEY,
        data={"labels": labels, "place": epochs.index(chosen)},
        on_place_change=lambda: _move(epochs, st.session_state[_KEY].get("place")),
    )
    return chosen


def _move(epochs: tuple[int, ...], place: Any) -> None:
    """Write the epoch at this place into the URL. A browser can send anything."""
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(epochs):
        st.query_params[_AFTER] = _in_url(epochs[place])


def _in_url(epoch: int) -> str:
    return "start" if epoch == START else str(epoch)
