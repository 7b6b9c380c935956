"""A short way around a page: a card in the corner that says one thing to try at a time (guide.js shows it).

It opens by itself on a browser's first visit and, once closed, only when asked; never in lecture mode.
"""

from dataclasses import asdict, dataclass

from pages.parts.shared.component import inline_component

_component = inline_component(
    __file__,
    "guide",
    """<button type="button" class="ask">Show me around</button>
    <section class="card" aria-label="Guide" hidden><p class="place"></p><p class="text" aria-live="polite"></p>
    <div class="bar"><button type="button" class="close">Close</button>
    <button type="button" class="next"></button></div></section>""",
)


@dataclass(frozen=True)
class Step:
    """One thing to try, and the part of the page it is about (a CSS selector), which is outlined meanwhile."""

    text: str
    target: str


def guide(page: str, steps: tuple[Step, ...]) -> None:
    """The button that opens the guide of this page, and the guide."""
    # A tuple, because Streamlit imports pandas to see whether a list might be a table.
    shown = tuple(asdict(step) for step in steps)
    _component(key="guide", data={"page": page, "steps": shown}, width="content")
