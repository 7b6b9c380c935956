"""Characters that nobody sees, which are taken out of texts of users before they are shown or written."""

import re

INVISIBLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
"""The ranges of a regular expression's set: control characters other than tabs and line ends, halves of characters, and
marks that change the order of the text after them."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def visible(text: str, tab: str = " ") -> str:
    """Return the text without invisible characters, with line ends as \\n and spaces for tabs."""
    return _INVISIBLE.sub("", re.sub("\r\n?", "\n", text).replace("\t", tab))
