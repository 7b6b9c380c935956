"""Words that quote what somebody typed, for a place that reads Markdown: they are shown as they stand."""

import re

_UNSEEN = "\u2060"
"""The word joiner: it has no width, and what it stands in is no address to Markdown, which heeds no backslash there."""


def plain(words: object) -> str:
    """The words with all escaped that Markdown would make a link, an image, a tag, code or a formula of."""
    escaped = re.sub(r"([\[\]<`$])", r"\\\1", str(words))
    return re.sub(r"(?i)(?<=://)|(?<=www)(?=\.)|(?<=:)(?=//)|(?<=\w)(?=@)", _UNSEEN, escaped)
