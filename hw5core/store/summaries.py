"""The summaries of the newest runs, read again and again, and each time only what has changed."""

import math
import operator
import threading
import time
from dataclasses import dataclass

from hw5core.runs.run import Run
from hw5core.runs.summary import Summary, summary_of
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

SETTLED_SECONDS = 30.0
"""The time after which nothing more of a run that has ended arrives, such as its last losses after a stop."""


@dataclass(frozen=True, eq=False)
class RunList:
    """The summaries of runs at one moment, those created last first. Views of the same list can be cached."""

    summaries: tuple[Summary, ...]


class Summaries:
    """Reads the summaries of runs. Threads may share it. It keeps no losses of runs that have ended."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._followers: dict[str, Follower] = {}
        self._summaries: dict[str, Summary] = {}
        self._list = RunList(())
        self._lock = threading.Lock()
        self._read_at = -math.inf

    def read(self, most: int, max_age: float = 0.0) -> RunList:
        """Return the summaries of up to `most` runs: the same object as long as nothing changes. Raise StoreError.

        This is one query, and one more for each run that may have something new. A result that is at most `max_age`
        seconds old is returned again without reading the store.
        """
        with self._lock:
            if time.monotonic() - self._read_at < max_age:
                return self._list
            runs = [run for run, _ in self._store.newest(most)]
            summaries = {run.run_id: summary for run in runs if (summary := self._summary(run))}
            self._followers = {run_id: one for run_id, one in self._followers.items() if run_id in summaries}
            self._summaries = summaries
            found = tuple(summaries.values())
            before = self._list.summaries
            if len(found) != len(before) or not all(map(operator.is_, found, before)):
                self._list = RunList(found)
            self._read_at = time.monotonic()
            return self._list

    def _summary(self, run: Run) -> Summary | None:
        """Return the summary of a run, or None if it cannot be read any more."""
        known = self._summaries.get(run.run_id)
        if known and known.run == run and run.status.over and run.run_id not in self._followers:
            return known
        follower = self._followers.setdefault(run.run_id, Follower(self._store, run.run_id, lean=True))
        history = follower.read()
        # abs: a clock that was set back must not make this run unsettled for years.
        if run.status.over and abs(time.time() - run.changed) > SETTLED_SECONDS:
            del self._followers[run.run_id]
        summary = summary_of(history) if history else None
        return known if summary == known else summary
