"""Python text as a syntax tree, also while other threads read text."""

import ast

_TRIES = 20


def syntax_tree(text: str, file_name: str = "<text>") -> ast.Module:
    """Return the syntax tree of Python text. Raises what `ast.parse` raises.

    CPython 3.11 counts how deep the trees of all threads are in one number. If a garbage collection in between lets
    another thread build a tree, it raises SystemError although the text is right. So the text is read again.
    """
    for _ in range(_TRIES - 1):
        try:
            return ast.parse(text, file_name)
        except SystemError:
            continue
    return ast.parse(text, file_name)
