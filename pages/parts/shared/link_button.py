"""A button that copies the page's address: the address is the view, so whoever opens it sees the same."""

from pages.parts.shared.component import inline_component

_component = inline_component(
    __file__, "link_button", '<button type="button">Copy link</button><span role="status"></span>'
)


def link_button() -> None:
    """Draw it. All of it happens in the browser, which alone knows the address that the visitor sees."""
    _component(key="copy link", width="content")
