"""How long to wait for servers, workers and pages, the same in tests and tools."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 240
"""The longest wait for anything. It only ends a hang: nothing may depend on how fast a machine is."""

PATIENCE_MS = 1_000 * PATIENCE_SECONDS
"""The same for Playwright."""

T = TypeVar("T")


def wait_until(condition: Callable[[], T], otherwise: Callable[[], object], poll_seconds: float = 0.05) -> T:
    """Call `condition` every `poll_seconds` until it returns something true, and return that.

    Raises TimeoutError with what `otherwise` returns after PATIENCE_SECONDS.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise()}")
        time.sleep(poll_seconds)
    return found
