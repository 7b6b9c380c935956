"""A button that copies the page's URL. The URL contains the view, so the link shows others the same page."""

from pages.parts.shared.component import inline_component

_component = inline_component(
    __file__, "link_button", '<button type="button">Copy link</button><span role="status"></span>'
)


def link_button() -> None:
    """Draw the button. It works in the browser alone, because only the browser knows the visible URL."""
    _component(key="copy link", width="content")
