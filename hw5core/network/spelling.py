"""Other spellings of the one-line form, and the nearest word that it knows."""

import re
from difflib import get_close_matches

from hw5core.network.base_layer import Layer
from hw5core.network.layers import KINDS

_LIKELY = 0.6
"""The share of equal letters from which on a word is taken for a misspelling of another one."""


def in_usual_spelling(text: str) -> str:
    """Return the text as the app writes it: small letters, x for ×, and spaces instead of commas and brackets.

    "(1, 28, 28), Conv64k3, ReLU" becomes "1x28x28 conv64k3 relu". A decimal comma stays, because it is an error.
    """
    text = " ".join(text.lower().replace("×", "x").split())
    text = re.sub(r"[(\[] *([0-9]+(?: *, *[0-9]+)*) *,? *[)\]]", lambda found: re.sub(" *, *", "x", found[1]), text)
    text = re.sub(r"^ *([0-9]+) *, *([0-9]+) *, *([0-9]+)(?=[ ,]|$)", r"\1x\2x\3", text)
    text = re.sub(r"(?<=[0-9]) *x *(?=[0-9])", "x", text)
    return re.sub(r"(?<![0-9]),|,(?![0-9])|[()\[\]]", " ", text)


def nearest(word: str) -> str:
    """Return how the layer is written that the word probably means, such as "max pooling is written maxpool2, with the
    options s (stride)"; empty if no layer's name is like it."""
    names = {name: kind for kind in KINDS for name in _names(kind)}
    letters = re.match(r"[^0-9]*", word)
    found = get_close_matches(letters[0] if letters else "", names, 1, _LIKELY)
    if not found:
        return ""
    kind = names[found[0]]
    if found[0] in kind.menu():
        return f"the nearest is {found[0]}"
    options = kind.options_in_words()
    return f"{kind.title} is written {kind.example}" + (f", with the options {options}" if options else "")


def _names(kind: type[Layer]) -> list[str]:
    """Return the names by which people know the kind, in small letters without spaces."""
    names = [kind.word, *kind.also_called, *kind.menu(), kind.title.replace(" ", ""), kind.torch_name.lower()]
    return [name for name in names if name and not name[-1].isdigit()] + [kind.torch_name.lower().rstrip("12d")]
