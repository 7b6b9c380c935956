"""Text of a visitor in Markdown looks as it was typed. A browser test tries text that could do harm."""

import pytest

from pages.parts.shared.plain_words import plain


@pytest.mark.parametrize("words", ["HW5_HOME names no folder: 0.5 (1e-06 to 10), 3 x 3", "tcp, 12 lines; done."])
def test_ordinary_sentences_are_unchanged(words: str) -> None:
    assert plain(words) == words


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("*a* ~~b~~", "\\*a\\* \\~\\~b\\~\\~"),
        ("_a_ my_name", "\\_a\\_ my_name"),
        ("[a](b) $x$ `c` <i>", "\\[a\\](b) \\$x\\$ \\`c\\` \\<i>"),
        ("\\*a* &lt;", "\\\\\\*a\\* \\&lt;"),
        (":smile: :material/delete:", ":\u2060smile: :\u2060material/delete:"),
        ("http://a.b", "http:\u2060//\u2060a.b"),
    ],
)
def test_markdown_syntax_is_escaped(typed: str, written: str) -> None:
    assert plain(typed) == written
