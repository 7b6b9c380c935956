"""The picture of the architecture on the page; a click on a block marks its layer everywhere."""

import streamlit as st

from hw5core.explain.drawing import drawing
from hw5core.network.counting import Count
from pages.parts.count import work

_KEY = "drawing"
_component = st.components.v2.component(
    "hw5_drawing",
    html='<div class="picture"></div>',
    css="""
    .picture { overflow-x: auto; color: var(--st-text-color) }
    svg { height: auto; display: block }
    [data-layer] { cursor: pointer }
    """,
    # The SVG holds numbers and words of ours only; nothing a visitor writes reaches it.
    js="""export default function ({ data, parentElement, setTriggerValue }) {
      const picture = parentElement.querySelector(".picture")
      if (picture.dataset.shown !== data.svg) {
        picture.innerHTML = picture.dataset.shown = data.svg
        const svg = picture.querySelector("svg")
        const natural = Number(svg.getAttribute("width"))
        svg.style.width = `max(${natural}px, min(100%, ${1.8 * natural}px))`
      }
      picture.onclick = (event) => {
        const block = event.target.closest("[data-layer]")
        if (block) setTriggerValue("picked", Number(block.dataset.layer))
      }
    }""",
)


def clickable_drawing(counted: Count, selected: int | None) -> None:
    """Draw the network; what is clicked goes to `work`."""
    # Not the bare text, because Streamlit imports pandas to see whether that might be a table.
    _component(key=_KEY, data={"svg": drawing(counted, selected)}, on_picked_change=_picked)


def _picked() -> None:
    picked = st.session_state[_KEY].picked
    if isinstance(picked, int):
        work.toggle_mark(picked)
