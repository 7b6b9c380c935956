"""The engine: trains runs on a cluster, and keeps what they report in the store.

Workers train and report records. Only the writer thread stores them; every other part of the app reads the store.

A training has a token. The engine accepts records only from the run's newest training. A cancelled training notices it
after its current batch, reports a last checkpoint and ends; that checkpoint is accepted until another training starts.

No lock is held while the store or a worker is asked, so the roster and the store may disagree for a moment. The store
decides: the writer reads a run's status before it submits a training, and frees the slot of a run when the store says
that it was paused, stopped or deleted.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future as Reply
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any
from weakref import WeakSet

from distributed import Client, Future

from hw5core.engine.admission import check_sizes
from hw5core.engine.cluster import STEP_SECONDS, Cluster, step_result
from hw5core.engine.limits import guest_limits, limits_for
from hw5core.engine.messages import Message, StepTrained
from hw5core.engine.roster import Roster
from hw5core.engine.space import Space
from hw5core.engine.writer import Writer
from hw5core.errors import EngineError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.owners import is_guest
from hw5core.store.permissions import Action, may_restore
from hw5core.store.presence import Presence
from hw5core.store.store import RunStore
from hw5core.store.trash import BY_LECTURER, BY_OWNER, UNDO_SECONDS

STEP_TRIES = 3
"""How often a step is tried. It fails if the last checkpoint of a paused training arrives after its start."""

LAST_CHECKPOINT_SECONDS = 5
"""Time limit for the last checkpoint of a cancelled training."""

_REFUSALS = {
    Action.HALT: "Only the person who started or resumed this run last may pause or stop it.",
    Action.RENAME: "Only the person who first started this run may rename it. The lecturer's runs stay as they are.",
    Action.DELETE: (
        "Only the person who first started this run may delete it, and only while nobody else trains it. The "
        "lecturer's runs stay."
    ),
}
"""Why an action is refused."""


class Engine:
    """Trains runs and keeps their records in the store. Make one for each server, and `close` it.

    `owner` is the token of the session that asks; None is the operator, and owners.LECTURER the lecturer, who may do
    everything. What a guest may do is in store/permissions.py. Every method raises StoreError if the store cannot be
    used. `address` is the network address of a guest, or empty if it is not known.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        inbox: SimpleQueue[Message] = SimpleQueue()
        # Before the cluster: if it fails, no workers are left behind.
        self._presence = Presence(store.folder)
        try:
            self._cluster = Cluster(inbox.put)
        except BaseException:
            self._presence.close()
            raise
        self._roster = Roster(self._cluster.cancel)
        self._space = Space(store, self._roster.stepped)
        self._writer = Writer(inbox, store, self._cluster, self._roster, self._space, self._presence.token)
        self._inbox = inbox
        _open_engines.add(self)
        self._purge = threading.Timer(0, lambda: None)
        # What was deleted just before a restart.
        self._purge_later()

    @property
    def trouble(self) -> str:
        """A sentence while the store cannot be written, or empty."""
        return self._writer.trouble

    def client(self) -> Client:
        """Return a new client of the Dask scheduler, which can inspect the workers. The caller closes it."""
        return self._cluster.client()

    def start(self, configs: Iterable[RunConfig], owner: str | None = None, address: str = "") -> None:
        """Train each run as soon as a worker is free, from its newest checkpoint. Return at once.

        A finished run stays as it is, and one that waits or runs is joined. Follow the runs in the store. Raise
        EngineError, and start none, if one is larger than this owner may train, or too many would wait.
        """
        self._start(configs, owner, address, resume=True)

    def join(self, configs: Iterable[RunConfig], owner: str | None = None, address: str = "") -> None:
        """Do the same as `start` for runs that were in progress when somebody read them: their server may have ended.

        A run that was paused, stopped or deleted since stays as it is, while `start` would resume it.
        """
        self._start(configs, owner, address, resume=False)

    def plan(self, configs: Iterable[RunConfig], owner: str | None = None, address: str = "") -> None:
        """Train each run once a worker has nothing else to do: runs that `start` was called for come first.

        A plan ends with this server; the store learns of a planned run when a worker takes it. Raise EngineError, and
        plan none, if one is larger than this owner may train, or too many would be planned.
        """
        new = self._new(configs, owner)
        if new:
            self._roster.plan(new, owner, self._cluster.slots(), address)
            self._writer.wake()

    def planned(self) -> dict[str, str | None]:
        """Return the owners of the planned runs by run id."""
        return self._roster.planned()

    def withdraw(self, run_ids: Iterable[str], owner: str | None = None) -> None:
        """Drop the planned runs among these that this owner planned and no worker has taken yet."""
        self._roster.withdraw(run_ids, owner)

    def step(self, configs: Iterable[RunConfig], owner: str | None = None, address: str = "") -> None:
        """Train one batch of each run, and leave it paused: runs that are paused, stopped or not started.

        Return when the batches are in the store; a run that ends with its batch is finished. Raise EngineError, and
        train none, if one of them is running, finished or paused by somebody else, or too many are stepped now.
        """
        waiting = list(configs)
        check_sizes(waiting, self._statuses(waiting), owner)
        with self._roster.stepping(waiting, owner, address):
            self._make_room(owner)
            for config in waiting:
                if not self._store.claim(config, self._presence.token, owner, Status.PAUSED):
                    raise EngineError("Only a paused run can be stepped, and only by the person who paused it.")
                self._space.note(config.run_id, address)
            self._space.limit_pauses(owner)
            for _ in range(STEP_TRIES):
                self._await_last_checkpoints(waiting)
                waiting = self._step_once(waiting)
                if not waiting:
                    return
            raise EngineError("Somebody else trained the run in the meantime. It is where they left it.")

    def stop(self, run_id: str, owner: str | None = None) -> None:
        """Stop the run and keep its records. Raise EngineError for somebody who may not."""
        self._check(Action.HALT, run_id, owner)
        with self._held(run_id):
            self._store.halt(run_id, Status.STOPPED, owner)

    def pause(self, run_id: str, owner: str | None = None) -> None:
        """Pause the run until it is started again. Raise EngineError for somebody who may not."""
        self._check(Action.HALT, run_id, owner)
        with self._held(run_id):
            self._store.halt(run_id, Status.PAUSED, owner)
        self._space.limit_pauses(owner)

    def delete(self, run_id: str, owner: str | None = None) -> None:
        """Delete the run with all its records. Raise EngineError for somebody who may not.

        `restore` can undo this for a minute.
        """
        self._check(Action.DELETE, run_id, owner)
        self._check_deletions(run_id, owner)
        with self._held(run_id, accept_reports=False):
            self._store.delete(run_id, BY_OWNER if is_guest(owner) else BY_LECTURER)
        self._purge_later()

    def restore(self, run_id: str, owner: str | None = None) -> None:
        """Undo the deletion of the run. Raise EngineError for somebody who may not, and if it is too late."""
        for deletion in self._store.deletions([run_id]):
            if not may_restore(owner, deletion):
                raise EngineError("Only the person who deleted this run, or the lecturer, may undo its deletion.")
        if not self._store.restore(run_id):
            raise EngineError("The run cannot come back: more than a minute has passed, or somebody started it again.")

    def rename(self, run_id: str, name: str, owner: str | None = None) -> None:
        """Give the run a name. Raise EngineError for somebody who may not."""
        self._check(Action.RENAME, run_id, owner)
        self._store.rename(run_id, name)

    def place(self, run_id: str) -> int | None:
        """Return the run's position among the runs that wait for a worker, from 1, or None if it does not wait."""
        return self._roster.place(run_id)

    def ahead(self, run_id: str) -> tuple[list[str], list[str]]:
        """Return the ids of the runs that train, and of those that wait before this one, in the order of the queue."""
        return self._roster.ahead(run_id)

    def training_count(self) -> int:
        """Return the number of runs that this server trains now."""
        return len(self._roster.busy_workers())

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Let a worker compute a short, pure function, next to any training, and return its future.

        Equal calls are computed once while one of their futures exists. Raise EngineError if the scheduler is away.
        """
        return self._cluster.submit(function, *arguments)

    def close(self) -> None:
        """End the embedded workers, or the connection to a cluster.

        This also happens automatically before the process ends. Runs keep their last batch, and continue from there
        when a server is asked for them.
        """
        self._purge.cancel()
        cancelled = self._roster.close()
        # Otherwise Dask kills the workers in the middle of a batch, and logs it.
        with suppress(StoreError):
            self._await_last_checkpoints(cancelled)
        self._writer.close()
        self._cluster.close()
        self._presence.close()

    def _purge_later(self) -> None:
        """Delete for good what was deleted, once nothing of it can be restored any more."""

        def purge() -> None:
            with suppress(StoreError):  # the next deletion, or the next start of a server, tries again
                if self._store.purge():
                    self._purge_later()

        self._purge.cancel()
        self._purge = threading.Timer(UNDO_SECONDS + 1, purge)
        self._purge.daemon = True
        self._purge.start()

    def _start(self, configs: Iterable[RunConfig], owner: str | None, address: str, resume: bool) -> None:
        wanted = list(configs)
        new = self._new(wanted, owner)
        self._roster.join([config.run_id for config in wanted], owner, address)
        if new:
            self._writer.claim(self._roster.request(new, owner, self._cluster.slots(), address), resume)

    def _new(self, configs: Iterable[RunConfig], owner: str | None) -> list[RunConfig]:
        """Return the runs that are neither here nor finished, when there is space for them and a connection.

        Raise EngineError if one of them is too large, or the store is full, or the scheduler does not reply.
        """
        self._cluster.reconnect()
        missing = self._roster.missing(configs)
        if not missing:
            return []
        statuses = self._statuses(missing)
        finished = [config for config in missing if statuses.get(config.run_id) is Status.FINISHED]
        if finished and not is_guest(owner):
            self._store.keep([config.run_id for config in finished], owner)
        new = [config for config in missing if config not in finished]
        check_sizes(new, statuses, owner)
        if new:
            self._make_room(owner)
        return new

    def _statuses(self, configs: Iterable[RunConfig]) -> dict[str, Status]:
        """Return the status of each of these runs that the store knows, by run id."""
        stamps = self._store.stamps(config.run_id for config in configs)
        return {run_id: stamp.status for run_id, stamp in stamps.items()}

    def _make_room(self, owner: str | None) -> None:
        """Delete runs of guests if the store is larger than a public server allows.

        Raise EngineError for a guest if that does not free enough space.
        """
        limit = guest_limits().store_bytes
        if self._space.make_room() or limit is None or not is_guest(owner):
            return
        raise EngineError(
            f"The {limit / 1024**2:,.0f} MB that this server has for runs are full of runs that are training or kept "
            "for the lecture. Watch one of them, or ask the lecturer to delete some."
        )

    def _check(self, action: Action, run_id: str, owner: str | None) -> None:
        if is_guest(owner) and not self._store.permitted(action, owner, [run_id]):
            raise EngineError(_REFUSALS[action])

    def _check_deletions(self, run_id: str, owner: str | None) -> None:
        run, seconds = self._store.run(run_id), limits_for(owner).deletion_seconds
        if run and run.was_deleted and abs(time.time() - run.created) < seconds:
            raise EngineError(
                "This run was deleted before, and started again for those who want it. It can be deleted "
                f"{seconds / 60:.0f} minutes after its start."
            )

    @contextmanager
    def _held(self, run_id: str, accept_reports: bool = True) -> Iterator[None]:
        """Drop the run, and let nobody start it during the `with` block, which changes it in the store.

        Otherwise a page that was drawn before the change could start the run in between.
        """
        self._roster.hold(run_id, accept_reports)
        try:
            yield
        finally:
            self._roster.release(run_id)
            self._writer.wake()

    def _await_last_checkpoints(self, configs: Iterable[RunConfig]) -> None:
        """Wait until the last checkpoints of cancelled trainings are in the store, for LAST_CHECKPOINT_SECONDS.

        If the worker died, they never come. The batches since the checkpoint before are then trained again.
        """
        deadline = time.monotonic() + LAST_CHECKPOINT_SECONDS
        while not all(self._store.settled(config.run_id) for config in configs) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _step_once(self, configs: list[RunConfig]) -> list[RunConfig]:
        """Train one batch of each run. Return the runs whose batch was not stored, because newer records arrived."""
        futures = [self._cluster.step(config, self._store.checkpoint(config.run_id)) for config in configs]
        # None is stored unless all are trained: the networks of a race stay at the same batch.
        trained = [step_result(future) for future in futures]
        replies: list[Reply[bool]] = []
        for config, records in zip(configs, trained, strict=True):
            replies.append(Reply())
            self._inbox.put(StepTrained(config.run_id, records, replies[-1]))
        try:
            stored = [reply.result(timeout=STEP_SECONDS) for reply in replies]
        except TimeoutError as error:
            raise EngineError("The step was trained, but it could not be stored in time. Try again.") from error
        return [config for config, is_stored in zip(configs, stored, strict=True) if not is_stored]


_open_engines: "WeakSet[Engine]" = WeakSet()


def _close_all() -> None:
    for engine in list(_open_engines):
        engine.close()
    # Otherwise Python looks for garbage among all objects before it ends: a third of a second for what is loaded here.
    gc.freeze()


# Not atexit: that runs when threads can no longer start, and Dask would fill the log with its complaints.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
