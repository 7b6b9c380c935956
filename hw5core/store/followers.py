"""Follow runs in the store."""

import math
import threading
import time
from collections.abc import Iterable

from hw5core.runs.history import RunHistory
from hw5core.runs.run import Run, Stamp, Status
from hw5core.store.store import RunStore

REST_SECONDS = 0.4
"""How old the answer may be that many watchers of the same runs are given."""


class Follower:
    """Follows one run in the store; each `read` costs only what is new. Any number of threads may share one. A lean one
    leaves out what each single image came to: `examples` stays empty."""

    def __init__(self, store: RunStore, run_id: str, lean: bool = False) -> None:
        self._store = store
        self._run_id = run_id
        self._lean = lean
        self._cursor = 0
        self._progress: RunHistory | None = None
        self._lock = threading.Lock()
        self._read_at = -math.inf

    def read(self, fresh_seconds: float = 0.0) -> RunHistory | None:
        """The run's story up to now, or None while the store does not know the run. What was read less than
        `fresh_seconds` ago is not read again: many who watch share one reading."""
        with self._lock:
            if time.monotonic() - self._read_at < fresh_seconds:
                return self._progress
            self._read_at = time.monotonic()
            run, records, cursor = self._store.news(self._run_id, self._cursor, self._lean)
            if run and self._progress and _begun(self._progress.run) != _begun(run):
                self._progress = None
                run, records, cursor = self._store.news(self._run_id, 0, self._lean)
            if run is None:
                self._progress, self._cursor = None, 0
                return None
            self._progress, self._cursor = self._progress or RunHistory(run), cursor
            self._progress.run = run
            for record in records:
                self._progress.fold(record)
            return self._progress


class GroupFollower:
    """Follows many runs at once, leanly. A `read` costs one question for all of them, and more only for those that tell
    something; within REST_SECONDS of the last one it costs nothing. Any number of threads may share one."""

    def __init__(self, store: RunStore, run_ids: Iterable[str]) -> None:
        self._store = store
        self._followers = {run_id: Follower(store, run_id, lean=True) for run_id in run_ids}
        self._lock = threading.Lock()
        self._read = -REST_SECONDS
        self._stamps: dict[str, Stamp] = {}
        self._found: dict[str, RunHistory] = {}

    def read(self, fresh: bool = False) -> dict[str, RunHistory]:
        """The story up to now of each run that the store knows, by its id; `fresh` asks the store in any case."""
        with self._lock:
            if fresh or time.monotonic() - self._read >= REST_SECONDS:
                self._found = self._newest()
                self._read = time.monotonic()
            return self._found

    def _newest(self) -> dict[str, RunHistory]:
        stamps, before = self._store.stamps(self._followers), self._stamps
        self._stamps = stamps
        found = {}
        for run_id, follower in self._followers.items():
            stamp = stamps.get(run_id)
            # A run that was stopped may still tell its last words.
            told_all = stamp and stamp.status is Status.FINISHED and stamp == before.get(run_id)
            story = self._found.get(run_id) if told_all else follower.read() if stamp else None
            if story:
                found[run_id] = story
        return found


def _begun(run: Run) -> tuple[float, int]:
    """What changes when records were dropped: the attempt, or, of a run deleted and asked for anew, its creation."""
    return run.created, run.attempt
