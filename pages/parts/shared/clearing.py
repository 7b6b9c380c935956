"""Who may delete what a class has entered: votes, entries of golf, and answers.

It is apart from lecturer.py, which every page imports at its start: the limits of the server import numpy.
"""

from hw5core.engine.limits import is_public
from pages.parts.shared.browser import browser
from pages.parts.shared.lecturer import has_lecturer, is_lecturer


def may_clear() -> bool:
    """Return True if this browser may delete what a class has entered: that of the lecturer, or everyone's on a server
    that has no lecturer and is not public."""
    return is_lecturer(browser()) or not (has_lecturer() or is_public())
