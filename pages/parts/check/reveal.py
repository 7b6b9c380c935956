"""Shows the result of answers that were handed in, where the screen is too small for both."""

from pages.parts.shared.component import inline_component

_component = inline_component(__file__, "reveal", "")


def reveal(handed_in: int) -> None:
    """Scroll to the result whenever `handed_in`, the number of times that answers were handed in, has changed.

    Draw it below the result, so that the browser has the result by then.
    """
    _component(key="reveal", data={"handed_in": handed_in})
