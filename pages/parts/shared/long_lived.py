"""What Python's garbage collector does in a server.

A collection of everything takes 0.2 seconds, in which no page is drawn, and almost all of what it looks through are the
libraries, which stay as long as the server.
"""

import gc
from functools import cache

NEW_OBJECTS = 10_000
"""The collector looks through the newest objects when there are so many more. Python's own limit is 700."""


@cache
def exempt_libraries() -> None:
    """Exempt all that exists now from garbage collection. Call it when the engine has started: then the libraries are
    loaded. Further calls do nothing, so later sessions are collected as before."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
