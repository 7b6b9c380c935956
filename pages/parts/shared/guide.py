"""A guided tour of a page: a card in the corner that shows one thing to try at a time (guide.js draws it).

It opens on a browser's first visit. After that it opens only on request, and never in lecture mode.
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
    """One thing to try. `target` is the CSS selector of the part of the page that is outlined during this step."""

    text: str
    target: str


def guide(page: str, steps: tuple[Step, ...]) -> None:
    """Draw the button that opens the guide, and the guide. The browser remembers `page` once its guide is closed."""
    _component(key="guide", data={"page": page, "steps": tuple(map(asdict, steps))}, width="content")
