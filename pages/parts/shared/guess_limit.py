"""The limit on guesses of the lecturer's secret: per address and in total, within a minute."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

PER_ADDRESS = 10
"""A lecturer who mistypes the secret has as many tries, also if the whole class shares the address."""

IN_TOTAL = 60
"""At this rate, even a secret of 12 digits takes thousands of years."""

SECONDS = 60.0


class GuessLimit:
    """Counts guesses. Threads may share it. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._guesses: deque[tuple[float, str]] = deque()

    def take(self, address: str) -> bool:
        """Count a guess from this address. Return False, and do not count it, if it is one too many."""
        with self._lock:
            now = self._clock()
            while self._guesses and now - self._guesses[0][0] >= SECONDS:
                self._guesses.popleft()
            counted = Counter(address for _, address in self._guesses)
            if len(self._guesses) >= IN_TOTAL or counted[address] >= PER_ADDRESS:
                return False
            self._guesses.append((now, address))
            return True
