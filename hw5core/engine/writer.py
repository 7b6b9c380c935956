"""The writer: the one thread of an engine that stores records and submits trainings.

Dask's own threads only put messages into its inbox, so they never wait for a disk.
"""

import logging
import math
import threading
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import assert_never

from hw5core.engine.admission import Request
from hw5core.engine.cluster import MEMORY_ADVICE, Cluster
from hw5core.engine.messages import Close, Message, Report, StepTrained, TrainingEnded, WorkChanged
from hw5core.engine.roster import Roster, Task
from hw5core.engine.space import Space
from hw5core.errors import EngineError, NoCheckpointError, StoreError
from hw5core.runs.records import Checkpoint, RunStarted
from hw5core.runs.run import Status
from hw5core.store.store import RunStore

MAX_RESTARTS = 3
"""How often a run whose worker died is continued without a new checkpoint in between, before it fails."""

POLL_SECONDS = 0.1
"""How often the writer looks for a free worker while a run needs one."""

RETRY_SECONDS = 2.0
"""How often the writer tries to continue runs whose records could not be stored."""

_log = logging.getLogger(__name__)


class Writer:
    """Handles the messages in `inbox` for the server with this presence token, until `close`.

    `trouble` is a sentence while the store cannot be written, or empty.
    """

    def __init__(
        self,
        inbox: SimpleQueue[Message],
        store: RunStore,
        cluster: Cluster,
        roster: Roster,
        space: Space,
        server: str,
    ) -> None:
        self.trouble = ""
        self._inbox = inbox
        self._store = store
        self._cluster = cluster
        self._roster = roster
        self._space = space
        self._server = server
        self._is_awake = threading.Event()
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="hw5-writer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Let the writer look for workers. One message is enough, however many runs have changed since it looked."""
        if not self._is_awake.is_set():
            self._is_awake.set()
            self._inbox.put(WorkChanged())

    def claim(self, requests: Collection[Request], resume: bool = True) -> None:
        """Claim arriving runs in the store. Admit those that the store gives to this server, and refuse the others.

        With `resume` False, refuse those that are not in progress. Any thread may call this.
        """
        claimed = set()
        try:
            for request in requests:
                if self._store.claim(request.config, self._server, request.owner, resume=resume):
                    self.trouble = ""
                    claimed.add(request.run_id)
                    self._space.note(request.run_id, request.address)
        finally:
            self._roster.settle(requests, claimed)
            self.wake()

    def close(self) -> None:
        """Handle the messages so far, and end the thread."""
        self._inbox.put(Close())
        self._thread.join(timeout=10)

    def _run(self) -> None:
        next_look = math.inf
        while True:
            try:
                wait = None if math.isinf(next_look) else max(0.0, next_look - time.monotonic())
                message = self._inbox.get(timeout=wait)
            except Empty:
                message = WorkChanged()
            try:
                match message:
                    case Report():
                        self._store_record(message)
                    case TrainingEnded():
                        self._end(message)
                    case StepTrained():
                        self._store_step(message)
                    case WorkChanged():
                        next_look = time.monotonic() + POLL_SECONDS
                        if not self._assign_workers():
                            next_look = math.inf
                    case Close():
                        return
                    case _:
                        assert_never(message)
            except StoreError as error:
                self.trouble = str(error)
                _log.error("the engine could not handle a %s: %s", type(message).__name__, error)
            except Exception:
                _log.exception("the engine could not handle a %s", type(message).__name__)

    def _store_record(self, report: Report) -> None:
        """Store a record, unless it comes from a training that is no longer the run's newest."""
        record, source, task = report.record, self._roster.source_of(report), self._roster.task_of(report)
        if source is None:
            return
        try:
            if record.is_a(RunStarted) and not self._roster.begin(source, report.run_id):
                # The worker died, and Dask has repeated the training with its old checkpoint.
                if task:
                    self._restart(task)
                return
            status = self._store.add(report.run_id, record, source.created)
        except StoreError as error:
            if task:
                self._interrupt(task.request, error)
            else:
                # Its next record would leave a gap.
                self._roster.ignore_reports(report.run_id)
            self.trouble = str(error)
            return
        self.trouble = ""
        if task and status in (None, Status.PAUSED, Status.STOPPED):
            # Another process has deleted, paused or stopped the run.
            self._roster.free(task)
            self.wake()
        elif task and record.is_a(Checkpoint):
            task.restarts = 0

    def _end(self, ended: TrainingEnded) -> None:
        """Free the slot of a run whose training has ended, or continue the run if its worker died."""
        task = self._roster.task_of(ended)
        if task is None:
            return
        try:
            run = self._store.run(ended.run_id)
            # If a worker dies just after its training, the last records are lost.
            if ended.worker_died or (not ended.failure and run and not run.status.over):
                self._restart(task)
                return
            if not self._roster.free(task):
                return
            self._roster.ignore_reports(ended.run_id)
            self.wake()
            if ended.failure:
                self._store.fail(ended.run_id, ended.failure)
        except StoreError as error:
            self._interrupt(task.request, error)
            return
        # If this fails, the run has still ended.
        self._space.make_room()

    def _restart(self, task: Task) -> None:
        """Continue a run whose worker died, unless this has happened too often."""
        if task.restarts < MAX_RESTARTS:
            self._roster.restart(task)
        elif self._roster.free(task):
            self._store.fail(
                task.run_id,
                f"its worker died {task.restarts + 1} times, most likely for lack of memory: {MEMORY_ADVICE}",
            )
        self.wake()

    def _interrupt(self, request: Request, error: StoreError) -> None:
        """Interrupt the run of a request until the store can be written again."""
        if self.trouble != str(error):
            _log.error("run %s is interrupted: %s", request.run_id, error)
        self.trouble = str(error)
        self._roster.interrupt(request)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.wake()

    def _continue_interrupted(self) -> None:
        """Request interrupted runs again, from their newest checkpoints, if the store can be written again."""
        while time.monotonic() >= self._retry_at and (request := self._roster.take_interrupted()):
            if self._claim_or_interrupt(request):
                self.trouble = ""

    def _claim_or_interrupt(self, request: Request) -> bool:
        """Claim an arriving run. Return False, and interrupt it, if the store cannot be written.

        A run that was claimed before is continued only if nobody has paused, stopped or deleted it since.
        """
        try:
            self.claim([request], resume=not request.is_claimed)
        except NoCheckpointError as error:
            self._store.fail(request.run_id, str(error))
        except StoreError as error:
            self._interrupt(request, error)
            return False
        return True

    def _store_step(self, step: StepTrained) -> None:
        try:
            is_stored = self._store.advance(step.run_id, step.records)
        except StoreError as error:
            step.reply.set_exception(error)
            return
        if is_stored:
            # A training that was paused before may still report. Its records are older than the step.
            self._roster.ignore_reports(step.run_id)
        step.reply.set_result(is_stored)

    def _assign_workers(self) -> bool:
        """Take planned runs, and submit the runs that have a slot. Return True if a run has not started yet."""
        self._is_awake.clear()
        if not self._cluster.is_embedded and self._roster.has_requests():
            # Workers may have joined or left the cluster.
            with suppress(EngineError):
                self._roster.set_slots(self._cluster.slots())
        self._continue_interrupted()
        while not self._roster.has_interrupted() and (request := self._roster.take_planned()):
            self._claim_or_interrupt(request)
        self._restart_lost()
        for task in self._roster.unassigned():
            self._submit(task)
        starting = bool(self._roster.unassigned() or self._roster.unstarted())
        joining = not self._cluster.is_embedded and self._roster.has_requests()
        return starting or self._roster.has_interrupted() or joining

    def _restart_lost(self) -> None:
        """Restart trainings that were submitted to a worker which died before it got them.

        Dask would wait for this worker for ever, even if others are free.
        """
        waiting = [(task, task.training.worker) for task in self._roster.unstarted() if task.training]
        if not any(worker for _, worker in waiting):
            return
        with suppress(EngineError):
            known = self._cluster.workers()
            for task, worker in waiting:
                if worker and worker not in known:
                    self._restart(task)

    def _submit(self, task: Task) -> None:
        """Submit a task's training if a worker is free, or if none has become free for a long time."""
        worker = self._cluster.free_worker(self._roster.busy_workers())
        if worker is None and time.monotonic() < task.patience_ends:
            return
        try:
            run = self._store.run(task.run_id)
            if run is None or run.status.over or run.server != self._server:
                self._roster.free(task)
                self.wake()
                return
            checkpoint = self._store.checkpoint(task.run_id)
            training = self._cluster.train(task.config, uuid.uuid4().hex, checkpoint, worker)
        except (EngineError, NoCheckpointError) as error:
            self.wake()
            if self._roster.free(task):
                self._store.fail(task.run_id, str(error))
        except StoreError as error:
            self._interrupt(task.request, error)
        else:
            self._roster.assign(task, training, run.created)
