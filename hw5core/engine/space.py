"""Space: how many runs of guests the store keeps, and how many of them paused.

Only this server knows from which address a run was created: addresses of visitors are never stored.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from hw5core.engine.limits import guest_limits
from hw5core.store.eviction import Shares
from hw5core.store.owners import is_guest
from hw5core.store.store import RunStore

MAX_ADDRESSES = 100_000
"""Of how many runs the address is remembered."""


class Space:
    """Keeps the store within the limits for guests. Threads may share it.

    `stepped` returns the ids of the runs that are being stepped: these are neither deleted nor stopped.
    """

    def __init__(self, store: RunStore, stepped: Callable[[], Collection[str]]) -> None:
        self._store = store
        self._stepped = stepped
        self._lock = threading.Lock()
        self._addresses: dict[str, str] = {}

    def note(self, run_id: str, address: str) -> None:
        """Note from which address the run was created, unless that is known."""
        with self._lock:
            self._addresses.setdefault(run_id, address)
            if len(self._addresses) > MAX_ADDRESSES:
                del self._addresses[next(iter(self._addresses))]

    def make_room(self) -> bool:
        """Delete runs of guests if the store is larger than a public server allows. Return False if it stays so."""
        limits = guest_limits()
        if limits.store_bytes is None:
            return True
        with self._lock:
            shares = Shares(limits.store_bytes_per_owner, limits.store_bytes_per_address, self._addresses.copy())
        return self._store.make_room(limits.store_bytes, shares, self._stepped)

    def limit_pauses(self, owner: str | None) -> None:
        """After a pause by this user, stop the paused runs that are too many for one owner, one address or all guests.

        Those that changed last stay paused. After a pause by the lecturer or the operator, do nothing.
        """
        if is_guest(owner):
            self._store.end_pauses(self._beyond_limits(self._store.paused_by_guests()))

    def _beyond_limits(self, paused: Sequence[tuple[str, str]]) -> list[str]:
        """Return the ids of the runs that are too many, given the id and controller of each, the newest first."""
        limits, stepped = guest_limits(), self._stepped()
        counts: Counter[tuple[str, str]] = Counter()
        beyond = []
        for run_id, controller in sorted(paused, key=lambda one: one[0] not in stepped):
            with self._lock:
                address = self._addresses.get(run_id, "")
            most = {
                ("owner", controller): limits.paused_per_owner,
                ("address", address): limits.paused_per_address,
                ("all", ""): limits.paused,
            }
            if run_id not in stepped and any(counts[group] >= number for group, number in most.items()):
                beyond.append(run_id)
            else:
                counts.update(most.keys())
        return beyond
