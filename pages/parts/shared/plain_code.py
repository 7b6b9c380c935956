"""Text in a typewriter's font with a button that copies it: commands, tables of numbers, and what a program prints.

`st.code` shows the same, but the browser first prepares the grammars of 300 languages, in every page that it opens.
That is a fifth of the browser's work when it opens Count. So `st.code` is only for text with a language.
"""

from html import escape


def plain_code(text: str, wrap: bool = True) -> str:
    """Return the text as HTML. Long lines wrap, or the box scrolls sideways with `wrap=False`."""
    # A box that scrolls has to be reachable with the keyboard.
    box = "<pre>" if wrap else '<pre class="wide" tabindex="0">'
    return (
        f'<div class="hw5-plain-code">{box}<code>{escape(text)}</code></pre><button type="button">Copy</button></div>'
    )
