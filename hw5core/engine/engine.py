"""The engine: trains runs on a cluster and writes what they report to the store.

Workers train and report records. One thread of the engine, the writer, receives them and is the only one that writes
records to the store. Every other part of the app reads the store.

A training has a token. The engine accepts records only from the run's newest training. A cancelled training notices it
after its current batch, reports a last checkpoint and ends; that checkpoint is accepted until another training starts.

The lock guards what this process keeps in memory, and is never held while the store or a worker is asked. So memory
and the store may disagree for a moment. The store decides: the writer reads a run's status before it submits a
training, and drops the training when a record's status says that the run was stopped.
"""

import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future as Reply
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, assert_never
from weakref import WeakSet

from distributed import Future

from hw5core.engine.admission import Admission, Request, check_sizes, may_change
from hw5core.engine.cluster import MEMORY_ADVICE, Cluster, Report, Training, TrainingEnded, step_result
from hw5core.engine.limits import limits_for
from hw5core.errors import EngineError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint, Record, RunStarted
from hw5core.runs.run import Status
from hw5core.store.owners import is_guest
from hw5core.store.presence import Presence
from hw5core.store.store import RunStore

STEP_TRIES = 3
"""How often a step is tried. The last checkpoint of a paused training may arrive while it runs, and then it is late."""

LAST_CHECKPOINT_SECONDS = 5
"""Time limit for the last checkpoint of a cancelled training."""

RESTART_SECONDS = 60
"""How long a run waits for a free worker before it is queued on a busy one. A worker that died is restarted sooner."""

MAX_RESTARTS = 3
"""How often a run whose worker died is continued without a new checkpoint in between, before it fails."""

POLL_SECONDS = 0.1
"""How often the writer looks for a free worker while a run needs one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepTrained:
    """The records of one step, to be kept. `reply` gets False if the run has changed since the step was submitted."""

    run_id: str
    records: list[Record]
    reply: "Reply[bool]"


@dataclass(frozen=True)
class WorkChanged:
    """A run needs a worker, or a worker has become free."""


@dataclass(frozen=True)
class Close:
    """The end of the writer."""


Message = Report | TrainingEnded | StepTrained | WorkChanged | Close


@dataclass(frozen=True)
class _Source:
    """The training whose records are accepted, and when its run was created: a deleted run may be created again."""

    token: str
    created: float


@dataclass
class _Task:
    """A run that has a slot. Until a worker is free it has no training."""

    config: RunConfig
    restarts: int = 0
    training: Training | None = None
    started: bool = False
    patience_ends: float = field(default_factory=lambda: time.monotonic() + RESTART_SECONDS)


class Engine:
    """Trains runs and keeps their records in the store. Make one for each server, and `close` it.

    `owner` is the token of the session that asks; None is the operator, and owners.LECTURER the lecturer, who may do
    everything. `trouble` is a sentence while the store cannot be written, or empty.

    Every method raises StoreError if the store cannot be used.
    """

    def __init__(self, store: RunStore) -> None:
        self.trouble = ""
        self._store = store
        self._lock = threading.Lock()
        self._admission = Admission()
        self._tasks: dict[str, _Task] = {}
        self._sources: dict[str, _Source] = {}
        self._is_called = False
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._cluster = Cluster(self._inbox.put)
        self._presence = Presence(store.folder)
        self._writer = threading.Thread(target=self._write, name="hw5-writer", daemon=True)
        self._writer.start()
        _open_engines.add(self)

    @property
    def scheduler_address(self) -> str:
        """The address of the Dask scheduler. A Dask client that connects to it can inspect the workers."""
        return self._cluster.address

    def start(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """Train each run as soon as a worker is free, from its newest checkpoint. Return at once.

        A finished run stays as it is, and a running one is joined. Follow the runs in the store. Raise EngineError,
        and start none, if one is larger than this owner may train, or too many would wait.
        """
        self._cluster.reconnect()
        new = self._new(configs, owner)
        if not new:
            return
        slots = self._cluster.slots()
        self._make_room(owner)
        with self._lock:
            self._admission.slots = slots
            requests = self._admission.request(new, owner)
        self._claim(requests)

    def plan(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """Train each run once a worker has nothing else to do: runs that `start` was called for come first.

        A plan ends with this server; the store learns of a planned run when a worker takes it. Raise EngineError, and
        plan none, if one is larger than this owner may train, or too many would be planned.
        """
        self._cluster.reconnect()
        new = self._new(configs, owner)
        if not new:
            return
        slots = self._cluster.slots()
        self._make_room(owner)
        with self._lock:
            self._admission.slots = slots
            self._admission.plan(new, owner)
        self._call_writer()

    def planned(self) -> dict[str, str | None]:
        """Return the owners of the planned runs by run id."""
        with self._lock:
            return self._admission.planned()

    def withdraw(self, run_ids: Iterable[str], owner: str | None = None) -> None:
        """Drop the planned runs among these that this owner planned and no worker has taken yet."""
        with self._lock:
            self._admission.withdraw(run_ids, owner)

    def step(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """Train one batch of each run, and leave it paused: runs that are paused, stopped or not started.

        Return when the batches are in the store; a run that ends with its batch is finished. Raise EngineError, and
        train none, if one of them is running, finished or paused by somebody else.
        """
        waiting = list(configs)
        check_sizes(waiting, self._statuses(waiting), owner)
        self._make_room(owner)
        for config in waiting:
            with self._lock:
                is_here = self._admission.has(config.run_id)
            if is_here:
                raise EngineError("A run that is being trained cannot be stepped: pause it first.")
            if not self._store.claim(config, self._presence.token, owner, Status.PAUSED):
                raise EngineError("Only a paused run can be stepped, and only by the person who paused it.")
        for _ in range(STEP_TRIES):
            self._await_last_checkpoints(waiting)
            waiting = self._step_once(waiting)
            if not waiting:
                return
        raise EngineError("Somebody else trained the run in the meantime. It is where they left it.")

    def stop(self, run_id: str, owner: str | None = None) -> None:
        """Stop the run and keep its records. Raise EngineError for somebody who does not own it."""
        self._halt(run_id, Status.STOPPED, owner)

    def pause(self, run_id: str, owner: str | None = None) -> None:
        """Pause the run until it is started again. Raise EngineError for somebody who does not own it."""
        self._halt(run_id, Status.PAUSED, owner)

    def delete(self, run_id: str, owner: str | None = None) -> None:
        """Delete the run with all its records. Raise EngineError for somebody who does not own it."""
        self._check_owner(run_id, owner)
        with self._lock:
            self._drop(run_id)
            self._sources.pop(run_id, None)
        self._store.delete(run_id)
        self._fill_slots()

    def rename(self, run_id: str, name: str, owner: str | None = None) -> None:
        """Give the run a name. Raise EngineError for somebody who does not own it."""
        self._check_owner(run_id, owner)
        self._store.rename(run_id, name)

    def place(self, run_id: str) -> int | None:
        """Return the run's position among the runs that wait for a worker, from 1, or None if it does not wait."""
        with self._lock:
            return self._admission.place(run_id)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Let a worker compute a short, pure function, next to any training, and return its future.

        Equal calls are computed once while one of their futures exists.
        """
        return self._cluster.submit(function, *arguments)

    def close(self) -> None:
        """End the embedded workers, or the connection to a cluster. Called by itself before the process ends.

        Runs keep their last batch, and continue from there when a server is asked for them.
        """
        with self._lock:
            self._admission.close()
            training = [task.config for task in self._tasks.values()]
            for config in training:
                self._drop(config.run_id)
        # Otherwise Dask kills the workers in the middle of a batch, and logs it.
        with suppress(StoreError):
            self._await_last_checkpoints(training)
        self._inbox.put(Close())
        self._writer.join(timeout=10)
        self._cluster.close()
        self._presence.close()

    # Helpers of the public methods. Those marked with "locked" expect the caller to hold the lock.

    def _statuses(self, configs: Iterable[RunConfig]) -> dict[str, Status]:
        """Return the status of each of these runs that the store knows, by run id."""
        stamps = self._store.stamps(config.run_id for config in configs)
        return {run_id: stamp.status for run_id, stamp in stamps.items()}

    def _new(self, configs: Iterable[RunConfig], owner: str | None) -> list[RunConfig]:
        """Return the runs that are neither here nor finished. Raise EngineError if one of them is too large."""
        chosen = list({config.run_id: config for config in configs}.values())
        statuses = self._statuses(chosen)
        with self._lock:
            new = [
                config
                for config in chosen
                if not self._admission.has(config.run_id) and statuses.get(config.run_id) is not Status.FINISHED
            ]
        check_sizes(new, statuses, owner)
        return new

    def _make_room(self, owner: str | None = None) -> None:
        """Delete guests' oldest runs if the store is larger than a public server allows.

        Raise EngineError for a guest if that does not free enough space.
        """
        limit = limits_for("a guest").store_bytes
        if limit is None or self._store.make_room(limit) or not is_guest(owner):
            return
        raise EngineError(
            f"The {limit / 1024**2:,.0f} MB that this server has for runs are full of runs that are training or kept "
            "for the lecture. Watch one of them, or ask the lecturer to delete some."
        )

    def _check_owner(self, run_id: str, owner: str | None) -> None:
        if not may_change(owner, self._store.owners(run_id)):
            raise EngineError("Only the session that started this run may stop, pause, resume, rename or delete it.")

    def _halt(self, run_id: str, status: Status, owner: str | None) -> None:
        self._check_owner(run_id, owner)
        with self._lock:
            self._drop(run_id)
        self._store.halt(run_id, status)
        self._fill_slots()

    def _drop(self, run_id: str) -> None:
        """Locked: take the run out of memory, and cancel its training. Its last checkpoint is still accepted."""
        self._admission.remove(run_id)
        task = self._tasks.pop(run_id, None)
        if task and task.training:
            self._cluster.cancel(task.training)

    def _claim(self, requests: Collection[Request]) -> None:
        """Claim arriving runs in the store. Admit those that the store gives to this server, and refuse the others."""
        claimed = set()
        try:
            for request in requests:
                if self._store.claim(request.config, self._presence.token, request.owner):
                    claimed.add(request.run_id)
        finally:
            with self._lock:
                for request in requests:
                    if request.run_id in claimed:
                        self._admission.admit(request)
                    else:
                        self._admission.refuse(request)
            self._fill_slots()

    def _call_writer(self) -> None:
        """Let the writer look for workers. One message is enough, however many runs have changed since it looked."""
        with self._lock:
            if self._is_called:
                return
            self._is_called = True
        self._inbox.put(WorkChanged())

    def _fill_slots(self) -> None:
        """Give free slots to the runs that wait, and let the writer look for workers."""
        with self._lock:
            for request in self._admission.take_waiting():
                self._tasks[request.run_id] = _Task(request.config)
        self._call_writer()

    def _await_last_checkpoints(self, configs: Iterable[RunConfig]) -> None:
        """Wait until the last checkpoints of cancelled trainings are in the store, for LAST_CHECKPOINT_SECONDS.

        If the worker died, they never come. The batches since the checkpoint before are then trained again.
        """
        deadline = time.monotonic() + LAST_CHECKPOINT_SECONDS
        while not all(self._store.settled(config.run_id) for config in configs) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _step_once(self, configs: list[RunConfig]) -> list[RunConfig]:
        """Train one batch of each run. Return the runs whose batch was not kept, because newer records arrived."""
        futures = [self._cluster.step(config, self._store.checkpoint(config.run_id)) for config in configs]
        replies = []
        for config, future in zip(configs, futures, strict=True):
            message = StepTrained(config.run_id, step_result(future), Reply())
            self._inbox.put(message)
            replies.append(message.reply)
        return [config for config, reply in zip(configs, replies, strict=True) if not reply.result()]

    # The writer's thread. Dask's own threads only put messages into the inbox, so they never wait for a disk.

    def _write(self) -> None:
        next_look = math.inf
        while True:
            try:
                wait = None if math.isinf(next_look) else max(0.0, next_look - time.monotonic())
                message: Message = self._inbox.get(timeout=wait)
            except Empty:
                message = WorkChanged()
            try:
                match message:
                    case Report():
                        self._keep(message)
                    case TrainingEnded():
                        self._end(message)
                    case StepTrained():
                        self._keep_step(message)
                    case WorkChanged():
                        next_look = math.inf
                        if self._assign_workers():
                            next_look = time.monotonic() + POLL_SECONDS
                    case Close():
                        return
                    case _:
                        assert_never(message)
            except Exception:
                _log.exception("the engine could not handle a %s", type(message).__name__)

    def _keep(self, report: Report) -> None:
        """Write a record to the store, unless it comes from a training that is no longer the run's newest."""
        run_id, record = report.run_id, report.record
        with self._lock:
            source = self._sources.get(run_id)
            if source is None or source.token != report.token:
                return
            task = self._task_of(report)
        if task and record.is_a(RunStarted):
            if task.started:
                # The worker died, and Dask has repeated the task with its old checkpoint.
                self._restart(task)
                return
            task.started = True
        try:
            status = self._store.add(run_id, record, source.created)
        except StoreError as error:
            self._give_up(run_id, error)
            return
        self.trouble = ""
        if task and status in (None, Status.PAUSED, Status.STOPPED):
            self._release(task)
        elif task and record.is_a(Checkpoint):
            task.restarts = 0

    def _task_of(self, message: Report | TrainingEnded) -> _Task | None:
        """Locked: return the run's task if this message comes from its training."""
        task = self._tasks.get(message.run_id)
        return task if task and task.training and task.training.token == message.token else None

    def _release(self, task: _Task) -> bool:
        """Free the task's slot, and cancel its training. Return False if the run has another task or none by now."""
        with self._lock:
            is_current = self._tasks.get(task.config.run_id) is task
            if is_current:
                self._drop(task.config.run_id)
        self._fill_slots()
        return is_current

    def _give_up(self, run_id: str, error: StoreError) -> None:
        """Stop a run whose records cannot be written. When it is started again, it continues from its checkpoint."""
        _log.error("run %s was given up: %s", run_id, error)
        self.trouble = str(error)
        with self._lock:
            self._sources.pop(run_id, None)
            self._drop(run_id)

    def _end(self, ended: TrainingEnded) -> None:
        """Free the slot of a run whose training has ended, or continue it if its worker died."""
        with self._lock:
            task = self._task_of(ended)
        if task is None:
            return
        run = self._store.run(ended.run_id)
        # The last records of a worker that died just after its training are lost.
        if ended.worker_died or (not ended.failure and run and not run.status.over):
            self._restart(task)
            return
        if self._release(task):
            with self._lock:
                self._sources.pop(ended.run_id, None)
            if ended.failure:
                self._store.fail(ended.run_id, ended.failure)
        self._make_room()

    def _restart(self, task: _Task) -> None:
        """Continue a run whose worker died, unless this has happened too often."""
        run_id = task.config.run_id
        if task.restarts >= MAX_RESTARTS:
            if self._release(task):
                self._store.fail(
                    run_id,
                    f"its worker died {task.restarts + 1} times, most likely for lack of memory: {MEMORY_ADVICE}",
                )
            return
        with self._lock:
            if self._tasks.get(run_id) is task:
                self._tasks[run_id] = _Task(task.config, task.restarts + 1)
                if task.training:
                    self._cluster.cancel(task.training)
        self._call_writer()

    def _keep_step(self, step: StepTrained) -> None:
        try:
            is_kept = self._store.advance(step.run_id, step.records)
        except StoreError as error:
            step.reply.set_exception(error)
            return
        if is_kept:
            # A training that was paused before may still report: its records are older than the step.
            with self._lock:
                self._sources.pop(step.run_id, None)
        step.reply.set_result(is_kept)

    def _assign_workers(self) -> bool:
        """Submit the runs that have a slot, and take planned runs. Return True if a run still needs a worker."""
        with self._lock:
            self._is_called = False
        self._update_slots()
        while self._take_planned():
            pass
        with self._lock:
            tasks = [task for task in self._tasks.values() if task.training is None]
        for task in tasks:
            self._submit(task)
        with self._lock:
            needs_worker = any(task.training is None for task in self._tasks.values())
            return needs_worker or (not self._cluster.is_embedded and self._admission.has_requests)

    def _update_slots(self) -> None:
        """Notice workers that joined or left a cluster while runs wait for it."""
        with self._lock:
            has_requests = self._admission.has_requests
        if self._cluster.is_embedded or not has_requests:
            return
        with suppress(EngineError):
            slots = self._cluster.slots()
            if slots != self._admission.slots:
                with self._lock:
                    self._admission.slots = slots
                self._fill_slots()

    def _take_planned(self) -> bool:
        """Claim the next planned run for a free slot. Return False if there is none."""
        with self._lock:
            request = self._admission.take_planned()
        if request is None:
            return False
        try:
            self._claim([request])
        except StoreError as error:
            self.trouble = str(error)
        return True

    def _submit(self, task: _Task) -> None:
        """Submit a task's training if a worker is free, or if none has become free for RESTART_SECONDS."""
        config = task.config
        with self._lock:
            busy = [one.training.worker for one in self._tasks.values() if one.training]
        worker = self._cluster.free_worker(busy)
        if worker is None and time.monotonic() < task.patience_ends:
            return
        try:
            run = self._store.run(config.run_id)
            if run is None or run.status.over or run.server != self._presence.token:
                self._release(task)
                return
            checkpoint = self._store.checkpoint(config.run_id)
        except StoreError as error:
            self._give_up(config.run_id, error)
            return
        try:
            training = self._cluster.train(config, uuid.uuid4().hex, checkpoint, worker)
        except EngineError as error:
            if self._release(task):
                self._store.fail(config.run_id, str(error))
            return
        with self._lock:
            if self._tasks.get(config.run_id) is task:
                task.training = training
                self._sources[config.run_id] = _Source(training.token, run.created)
                return
        self._cluster.cancel(training)


_open_engines: "WeakSet[Engine]" = WeakSet()


def _close_all() -> None:
    for engine in list(_open_engines):
        engine.close()


# Not atexit: that runs when threads can no longer start, and Dask would fill the log with its complaints.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
