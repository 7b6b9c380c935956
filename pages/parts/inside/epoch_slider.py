"""The slider over the epochs. It reports while it is dragged, and the URL names the epoch."""

from contextlib import AbstractContextManager

import streamlit as st

from hw5core.runs.config import RunConfig
from pages.parts.inside.checkpoints import checkpoint_name
from pages.parts.shared.frame import page_background
from pages.parts.shared.live_slider import live_slider

_AFTER = "after"
"""The URL parameter: the number of the epoch, "10-batches" or "start". Without it, the page shows the last epoch."""

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


def epoch_slider(config: RunConfig, steps: tuple[int, ...]) -> int:
    """Draw the slider over the checkpoints after these numbers of batches, and return the chosen one."""
    if len(steps) == 1:
        st.caption("The networks before their first batch. After the first epoch, a slider shows how they change.")
        return steps[0]
    wanted = st.query_params.get(_AFTER)
    found = next((step for step in steps if _in_url(config, step) == wanted), None)
    if wanted is not None and found is None:
        st.warning("The weights of the epoch in this link are not here. Below are those of the last epoch.")
    chosen = steps[-1] if found is None else found
    labels = tuple(checkpoint_name(config, step) for step in steps)
    live_slider("epoch slider", "Weights after", labels, steps.index(chosen), lambda place: _move(config, steps[place]))
    return chosen


def _move(config: RunConfig, step: int) -> None:
    """Write the checkpoint into the URL."""
    st.query_params[_AFTER] = _in_url(config, step)


def _in_url(config: RunConfig, step: int) -> str:
    return checkpoint_name(config, step).removeprefix("epoch ").replace(",", "").replace(" ", "-")
