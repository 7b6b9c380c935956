"""Turns: in which order the runs of many users get a worker. Plain Python without Dask, SQLite or threads.

The operator and the lecturer come first. Guests take turns: a guest with few runs comes before a guest with many. This
is start-time fair queueing, with a clock that counts turns instead of seconds. Because a visitor can pretend to be many
guests, all guests at one network address also share the turns of that address. A lecture hall has one address too, so
it gets several runs in each turn.
"""

import math

from hw5core.store.owners import is_guest

RUNS_PER_ADDRESS = 8
"""How many runs an address gets in the time in which one guest gets one."""


class Turns:
    """Hands out turns: numbers, and the lowest comes first. Equal turns come in the order of their requests."""

    def __init__(self) -> None:
        self._now = 0.0
        self._next: dict[tuple[str, str], float] = {}

    @property
    def now(self) -> float:
        """The turn of a user who asks for the first time."""
        return self._now

    def of(self, owner: str | None, address: str) -> float:
        """Return the turn that this user would get."""
        if not is_guest(owner):
            return -math.inf
        return max(self._next.get(sharer, self._now) for sharer, _ in _sharers(owner, address))

    def take(self, owner: str | None, address: str, runs: int) -> float:
        """Return the turn of a request for this number of runs. The next one of the user comes later by as many."""
        turn = self.of(owner, address)
        if is_guest(owner):
            # Those who come first anyway need no entry.
            self._next = {sharer: later for sharer, later in self._next.items() if later > self._now}
            for sharer, share in _sharers(owner, address):
                self._next[sharer] = self._next.get(sharer, self._now) + runs / share
        return turn

    def begin(self, turn: float) -> None:
        """Note that a run with this turn has got its worker."""
        self._now = max(self._now, turn)


def _sharers(owner: str | None, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    """Return those whose turn a request of this guest takes, each with the number of runs in a turn."""
    return (("guest", owner or ""), 1), (("address", address), RUNS_PER_ADDRESS)
