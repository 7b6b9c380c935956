"""What every page changes about the browser's own behaviour: its history, swipes over sliders, and buttons in HTML."""

from pages.parts.shared.component import inline_component

_component = inline_component(__file__, "browser_habits", "<span></span>")


def change_browser_habits() -> None:
    """Draw the element that brings browser_habits.js into the page. frame.css hides it."""
    _component(key="browser habits")
