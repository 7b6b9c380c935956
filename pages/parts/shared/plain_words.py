"""Text that quotes a visitor, for places that render Markdown: it looks exactly as the visitor typed it."""

import re

_WORD_JOINER = "\u2060"
"""A character without width. Markdown makes a link of an address in spite of a backslash, but not with this inside."""


def plain(words: object) -> str:
    """Return the words as Markdown that shows them unchanged: no links, images, tags, code, formulas, emoji or icons,
    and no bold or italic type."""
    escaped = re.sub(r"([\\\[\]<&`$*~]|(?<!\w)_|_(?!\w))", r"\\\1", str(words))
    return re.sub(r"(?i)(?<=://)|(?<=www)(?=\.)|(?<=:)(?=//|\w)|(?<=\w)(?=@)", _WORD_JOINER, escaped)
