"""A limit on how often something may be done within a minute: per address and in total."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

SECONDS = 60.0


class MinuteLimit:
    """Counts what visitors do, such as guesses of a secret. Threads may share it. `clock` returns seconds."""

    def __init__(self, per_address: int, in_total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_address = per_address
        self._in_total = in_total
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: deque[tuple[float, str]] = deque()

    def take(self, address: str) -> bool:
        """Count one from this address. Return False, and do not count it, if it is one too many.

        All visitors whose address is not known, "", count as one address.
        """
        with self._lock:
            now = self._clock()
            while self._taken and now - self._taken[0][0] >= SECONDS:
                self._taken.popleft()
            counted = Counter(address for _, address in self._taken)
            if len(self._taken) >= self._in_total or counted[address] >= self._per_address:
                return False
            self._taken.append((now, address))
            return True
