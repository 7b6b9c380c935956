"""Markdown as an independent reader shows it."""

from html.parser import HTMLParser

from markdown_it import MarkdownIt

_WORD_JOINER = "\u2060"


class Rendered(HTMLParser):
    """The text of rendered Markdown without line breaks and doubled spaces, and its tags with their attributes."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(MarkdownIt("gfm-like").render(content))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._texts += [dict(attrs).get("alt") or ""]

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    @property
    def text(self) -> str:
        """The text, with one space between words."""
        return plain(" ".join(self._texts))


def plain(text: str) -> str:
    """Return the text without word joiners, line breaks and doubled spaces."""
    return " ".join(text.replace(_WORD_JOINER, "").replace("\xa0", " ").split())
