"""Followers read the histories of runs from the store, again and again, and each time only what is new."""

import math
import threading
import time
from collections.abc import Iterable

from hw5core.runs.history import HistoryBuilder, RunHistory
from hw5core.runs.run import Stamp, Status
from hw5core.store.store import RunStore
from hw5core.store.tables import Cursor

SHARED_SECONDS = 0.4
"""The age in seconds up to which a group follower returns its last result again."""


class Follower:
    """Follows one run. It returns the same RunHistory object as long as nothing changes, and a new one otherwise.

    A lean follower leaves out the losses of single images: `examples` stays empty. Threads may share a follower.
    """

    def __init__(self, store: RunStore, run_id: str, lean: bool = False) -> None:
        self._store = store
        self._run_id = run_id
        self._lean = lean
        self._cursor = Cursor()
        self._builder: HistoryBuilder | None = None
        self._history: RunHistory | None = None
        self._lock = threading.Lock()
        self._read_at = -math.inf

    def read(self, max_age: float = 0.0) -> RunHistory | None:
        """Return the run's history now, or None if the store does not have the run.

        A result that is at most `max_age` seconds old is returned again without reading the store.
        """
        with self._lock:
            if time.monotonic() - self._read_at < max_age:
                return self._history
            run, records, cursor = self._store.updates(self._run_id, self._cursor, self._lean)
            self._read_at = time.monotonic()
            if run is None or cursor.start != self._cursor.start:
                self._builder = self._history = None
            self._cursor = cursor
            if run is None:
                return None
            self._builder = self._builder or HistoryBuilder(run.config)
            self._builder.add(records)
            if records or self._history is None or self._history.run != run:
                self._history = self._builder.history(run)
            return self._history


class GroupFollower:
    """Follows many runs at once, without the losses of single images. Threads may share it.

    A `read` is one query for all runs, and one more for each run that may have something new.
    """

    def __init__(self, store: RunStore, run_ids: Iterable[str]) -> None:
        self._store = store
        self._followers = {run_id: Follower(store, run_id, lean=True) for run_id in run_ids}
        self._lock = threading.Lock()
        self._read_at = -math.inf
        self._stamps: dict[str, Stamp] = {}
        self._histories: dict[str, RunHistory] = {}

    def read(self, fresh: bool = False) -> dict[str, RunHistory]:
        """Return the histories of the runs that the store has, by run id.

        A result up to SHARED_SECONDS old is returned again, unless `fresh` is set.
        """
        with self._lock:
            if fresh or time.monotonic() - self._read_at >= SHARED_SECONDS:
                self._histories = self._newest()
                self._read_at = time.monotonic()
            return self._histories

    def _newest(self) -> dict[str, RunHistory]:
        stamps, before = self._store.stamps(self._followers), self._stamps
        histories = {}
        for run_id, follower in self._followers.items():
            stamp = stamps.get(run_id)
            # Only a finished run reports nothing more: the last records of a stopped one may still arrive.
            complete = stamp and stamp.status is Status.FINISHED and stamp == before.get(run_id)
            history = self._histories.get(run_id) if complete else follower.read() if stamp else None
            if history:
                histories[run_id] = history
        self._stamps = stamps  # only now: after an error, the next call reads every changed run again
        return histories
