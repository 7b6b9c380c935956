"""Words that quote what somebody typed, for a place that reads Markdown: they are shown as they stand."""

import re

_UNSEEN = "\u2060"
"""The word joiner: it has no width, and what it stands in is no address to Markdown, which heeds no backslash there."""


def plain(words: object) -> str:
    """The words with all escaped that Markdown would make a link, an image, a tag, code, a formula, an emoji or an icon
    of, or set in another type."""
    escaped = re.sub(r"([\\\[\]<&`$*~]|(?<!\w)_|_(?!\w))", r"\\\1", str(words))
    return re.sub(r"(?i)(?<=://)|(?<=www)(?=\.)|(?<=:)(?=//|\w)|(?<=\w)(?=@)", _UNSEEN, escaped)
