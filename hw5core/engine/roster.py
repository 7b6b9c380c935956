"""The roster: the runs of one server in memory, shared by all of its threads.

One lock guards it. The roster knows neither the store nor the workers, so nothing can wait for them under the lock.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hw5core.engine.admission import Admission, Request
from hw5core.engine.cluster import Training
from hw5core.engine.messages import Report, TrainingEnded
from hw5core.runs.config import RunConfig

RESTART_SECONDS = 60
"""How long a run waits for a free worker before it is queued on a busy one. A worker that died is back sooner."""


@dataclass
class Task:
    """The run of a request that has a slot. Until a worker is free it has no training.

    `restarts` counts the deaths of its workers since the last checkpoint.
    """

    request: Request
    restarts: int = 0
    training: Training | None = None
    patience_ends: float = field(default_factory=lambda: time.monotonic() + RESTART_SECONDS)

    @property
    def config(self) -> RunConfig:
        return self.request.config

    @property
    def run_id(self) -> str:
        return self.request.run_id


@dataclass
class Source:
    """The training whose records are accepted, and when its run was created: a deleted run may be created again.

    `is_started` is True after its first record.
    """

    token: str
    created: float
    is_started: bool = False


class Roster:
    """The runs that wait, are planned, or have a slot. `cancel` cancels a training without waiting."""

    def __init__(self, cancel: Callable[[Training], None]) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._admission = Admission()
        self._tasks: dict[str, Task] = {}
        self._sources: dict[str, Source] = {}

    def missing(self, configs: Iterable[RunConfig]) -> list[RunConfig]:
        """Return the runs that are not here, each once."""
        with self._lock:
            return [one for one in {one.run_id: one for one in configs}.values() if not self._admission.has(one.run_id)]

    def join(self, run_ids: Iterable[str], owner: str | None, address: str) -> None:
        """Let waiting runs have this user's turn, as `Admission.join`."""
        with self._lock:
            self._admission.join(run_ids, owner, address)

    def request(self, configs: Iterable[RunConfig], owner: str | None, slots: int, address: str = "") -> list[Request]:
        """Accept runs for `slots` slots, as `Admission.request`. `settle` the requests next."""
        with self._lock:
            self._admission.slots = slots
            return self._admission.request(configs, owner, address)

    def settle(self, requests: Iterable[Request], claimed: Collection[str]) -> None:
        """Admit the requests whose run ids are in `claimed`, refuse the others, and fill the slots."""
        with self._lock:
            for request in requests:
                if request.run_id in claimed:
                    self._admission.admit(request)
                else:
                    self._admission.refuse(request)
            self._fill()

    def plan(self, configs: Iterable[RunConfig], owner: str | None, slots: int, address: str = "") -> None:
        """Plan runs for `slots` slots, as `Admission.plan`."""
        with self._lock:
            self._admission.slots = slots
            self._admission.plan(configs, owner, address)

    def planned(self) -> dict[str, str | None]:
        """Return the owners of the planned runs by run id."""
        with self._lock:
            return self._admission.planned()

    def withdraw(self, run_ids: Iterable[str], owner: str | None) -> None:
        """Drop planned runs, as `Admission.withdraw`."""
        with self._lock:
            self._admission.withdraw(run_ids, owner)

    def take_planned(self) -> Request | None:
        """Return the next planned run as arriving, as `Admission.take_planned`. `settle` the request next."""
        with self._lock:
            return self._admission.take_planned()

    @contextmanager
    def stepping(self, configs: Iterable[RunConfig], owner: str | None, address: str) -> Iterator[None]:
        """Note that the runs are stepped during the `with` block, as `Admission.begin_steps`."""
        with self._lock:
            requests = self._admission.begin_steps(configs, owner, address)
        try:
            yield
        finally:
            with self._lock:
                self._admission.end_steps(requests)

    def stepped(self) -> frozenset[str]:
        """Return the ids of the runs that are being stepped."""
        with self._lock:
            return self._admission.stepped()

    def place(self, run_id: str) -> int | None:
        """Return the run's position among the waiting runs, from 1, or None if it does not wait."""
        with self._lock:
            return self._admission.place(run_id)

    def ahead(self, run_id: str) -> tuple[list[str], list[str]]:
        """Return the ids of the runs that train, and of those that wait before this one, in the order of the queue."""
        with self._lock:
            return self._admission.ahead(run_id)

    def has_requests(self) -> bool:
        """Return True if a run waits or is planned."""
        with self._lock:
            return self._admission.has_requests

    def set_slots(self, slots: int) -> None:
        """Change the number of slots, and fill them."""
        with self._lock:
            self._admission.slots = slots
            self._fill()

    def hold(self, run_id: str, accept_reports: bool = True) -> None:
        """Drop the run, and let nobody request it until its `release`.

        Unless `accept_reports` is False, the last checkpoint of its training is still accepted.
        """
        with self._lock:
            self._drop(run_id)
            self._admission.hold(run_id)
            if not accept_reports:
                self._sources.pop(run_id, None)

    def release(self, run_id: str) -> None:
        """Let the run be requested again, and fill the slots."""
        with self._lock:
            self._admission.release(run_id)
            self._fill()

    def close(self) -> list[RunConfig]:
        """Drop all runs for good. Return those that had a slot."""
        with self._lock:
            self._admission.close()
            configs = [task.config for task in self._tasks.values()]
            for config in configs:
                self._drop(config.run_id)
            return configs

    def unassigned(self) -> list[Task]:
        """Return the tasks that need a worker."""
        with self._lock:
            return [task for task in self._tasks.values() if task.training is None]

    def unstarted(self) -> list[Task]:
        """Return the tasks whose training was submitted and has not reported anything yet."""
        with self._lock:
            waiting = {run_id for run_id, source in self._sources.items() if not source.is_started}
            return [task for task in self._tasks.values() if task.training and task.run_id in waiting]

    def busy_workers(self) -> list[str]:
        """Return the address of the worker of each training."""
        with self._lock:
            return [task.training.worker for task in self._tasks.values() if task.training]

    def assign(self, task: Task, training: Training, created: float) -> None:
        """Give a training to its task and accept its records, or cancel it if the run was dropped before."""
        with self._lock:
            if self._tasks.get(task.run_id) is task:
                task.training = training
                self._sources[task.run_id] = Source(training.token, created)
            else:
                self._cancel(training)

    def source_of(self, report: Report) -> Source | None:
        """Return the source of a report, or None if its records are not accepted."""
        with self._lock:
            source = self._sources.get(report.run_id)
            return source if source and source.token == report.token else None

    def begin(self, source: Source, run_id: str) -> bool:
        """Note that a training has started. Return False, and accept no more of its records, if it had before."""
        with self._lock:
            if source.is_started:
                self._sources.pop(run_id, None)
                return False
            source.is_started = True
            return True

    def task_of(self, message: Report | TrainingEnded) -> Task | None:
        """Return the task whose training sent the message, or None if it has no slot any more."""
        with self._lock:
            task = self._tasks.get(message.run_id)
            return task if task and task.training and task.training.token == message.token else None

    def free(self, task: Task) -> bool:
        """Free the task's slot, cancel its training, and fill the slots. Return False if the slot was free already."""
        with self._lock:
            is_current = self._tasks.get(task.run_id) is task
            if is_current:
                self._drop(task.run_id)
                self._fill()
            return is_current

    def restart(self, task: Task) -> None:
        """Replace the task, if it still has its slot, by one that needs a worker."""
        with self._lock:
            if self._tasks.get(task.run_id) is not task:
                return
            self._tasks[task.run_id] = Task(task.request, task.restarts + 1)
            if task.training:
                self._cancel(task.training)

    def interrupt(self, request: Request) -> None:
        """Interrupt the run, and accept no more records of it. Its slot stays free until the next change."""
        with self._lock:
            self._drop(request.run_id)
            self._admission.interrupt(request)
            self._sources.pop(request.run_id, None)

    def take_interrupted(self) -> Request | None:
        """Return an interrupted run as arriving, as `Admission.take_interrupted`. `settle` the request next."""
        with self._lock:
            return self._admission.take_interrupted()

    def has_interrupted(self) -> bool:
        """Return True if a run is interrupted."""
        with self._lock:
            return self._admission.has_interrupted

    def ignore_reports(self, run_id: str) -> None:
        """Accept no more records of trainings that exist now."""
        with self._lock:
            self._sources.pop(run_id, None)

    def _drop(self, run_id: str) -> None:
        self._admission.remove(run_id)
        task = self._tasks.pop(run_id, None)
        if task and task.training:
            self._cancel(task.training)

    def _fill(self) -> None:
        for request in self._admission.take_waiting():
            self._tasks[request.run_id] = Task(request)
