"""Where training runs: a Dask cluster, embedded by default, so that the server never computes and never loads torch.

Workers train and send records; one thread of this module is the only writer of the store; everyone else reads it.
`HW5_SCHEDULER=tcp://host:port` (or `tls://`) names an existing cluster to use instead of the embedded one.

A run under way is a Dask task with a token. A task that is cancelled, because its run was paused or stopped or because
its server is gone, notices between two batches, tells a last checkpoint and ends; what a task tells whose token is not
the run's newest is not listened to.
"""

import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import SimpleQueue
from typing import Any
from weakref import WeakSet

import dask
from distributed import Client, Future, LocalCluster, fire_and_forget, get_worker
from distributed.scheduler import KilledWorker

from hw5core import home
from hw5core.data import datasets
from hw5core.engine.limits import limits_for, refusal
from hw5core.errors import DataError, EngineError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint, Record, RunStarted, decode, encode
from hw5core.runs.run import Status
from hw5core.store.owners import is_guest
from hw5core.store.presence import Presence
from hw5core.store.store import RunStore

TOPIC = "hw5-records"

TRAIN = "train"
"""The Dask resource that a training takes one of: a worker offers one, so short tasks never wait behind training."""

CONNECT_SECONDS = 10
"""How long an existing cluster has to answer."""

STEP_TRIES = 3
"""How often a step is tried: the last words of a task that was just let go of may come in behind it."""

LAST_WORDS_SECONDS = 5
"""How long a run that was just paused has to tell where it stands before it is stepped."""

STEP_SECONDS = 60
"""How long a step may take: an epoch's last one evaluates, and its worker may have to read MNIST first."""

RESTART_SECONDS = 20
"""How long a worker that died may take to be there again."""

MAX_RESTARTS = 3
"""How often a run whose worker died goes on by itself, without a new checkpoint in between, before it is given up."""

_SMALLER = "choose a smaller network or batch size, or stop what else runs on that machine"

_CLUSTER_SETTINGS = {
    # A dead worker's training comes back to us, to go on from its last checkpoint rather than from the beginning.
    "distributed.scheduler.allowed-failures": 0,
    # The scheduler keeps the last so many messages of a topic in memory, and checkpoints are messages.
    "distributed.admin.low-level-log-length": 10,
    # Dask's default gives memory back so eagerly that a small training step takes nearly twice as long. Setting the one
    # threshold also fixes the other at 128 KiB, below one layer's activations, with the same effect: so both are set.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 128 * 1024**2,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 32 * 1024**2,
    "distributed.worker.daemon": True,
    "distributed.worker.preload": ["hw5core.engine.worker_process"],
}

_NO_WORKERS = (
    "No worker of the Dask cluster offers to train. Start workers there with: "
    f'dask worker SCHEDULER --nthreads 2 --resources "{TRAIN}=1"'
)

_log = logging.getLogger(__name__)


@dataclass
class _Task:
    """A run under way: its Dask future and the address of the worker that it was given to, whether it has told its
    beginning, and restarts since the last checkpoint."""

    config: RunConfig
    token: str
    future: "Future[str]"
    worker: str
    started: bool = False
    restarts: int = 0


class Engine:
    """Trains runs on a Dask cluster and keeps what they tell in the store. Make one per server and `close` it.

    `owner` is whoever asks, by a token of their session; None is the operator, and limits.LECTURER the lecturer, who
    may do everything. `trouble` is the sentence to show while the store cannot be written, or nothing.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._waiting: dict[str, tuple[RunConfig, str | None]] = {}
        self._planned: dict[str, tuple[RunConfig, str | None]] = {}
        self._tasks: dict[str, _Task] = {}
        self._tokens: dict[str, str] = {}
        self.trouble = ""
        self._inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="hw5-writer", daemon=True)
        self._reach_workers()
        self._presence = Presence(store.folder)
        self._writer.start()
        _open_engines.add(self)

    def start(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """See to it that each run is trained: a finished one is left alone, a running one joined, any other goes on
        from its newest checkpoint, as soon as a worker is free. Returns at once; follow the runs in the store.

        Raises EngineError, and starts none, if one is larger than this owner may have, or too many would be waiting.
        """
        with self._lock:
            if self._client.status == "closed":
                self._reach_workers()
            new = [config for config in configs if self._is_new(config)]
            self._check_sizes(new, owner)
            if new:
                self._check_cap(len(new), owner)
                self._make_room(owner)
            for config in new:
                self._planned.pop(config.run_id, None)
                if self._store.claim(config, self._presence.token, owner):
                    self._waiting[config.run_id] = config, owner
            self._fill()

    def plan(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """See to it that each run is trained once a worker has nothing else to do: all that anybody asks for by `start`
        goes first. A plan ends with this server; the store knows a planned run only when a worker takes it.

        Raises EngineError, and plans none, if one is larger than this owner may have, or too many would be planned.
        """
        with self._lock:
            if self._client.status == "closed":
                self._reach_workers()
            new = {one.run_id: (one, owner) for one in configs if one.run_id not in self._planned and self._is_new(one)}
            if new and not self._slots():
                raise EngineError(_NO_WORKERS)
            self._check_sizes((config for config, _ in new.values()), owner)
            self._check_plans(len(new), owner)
            self._make_room(owner)
            self._planned |= new
            self._fill()

    def planned(self) -> dict[str, str | None]:
        """The runs that are planned, by their ids, and who planned each. Asked by everybody's pages again and again, so
        it does not wait for who holds the lock, which may be a worker's restart."""
        return {run_id: owner for run_id, (_, owner) in self._planned.copy().items()}

    def withdraw(self, run_ids: Iterable[str], owner: str | None = None) -> None:
        """Train those of these runs no more that this owner planned, and that no worker has taken yet."""
        with self._lock:
            for run_id in run_ids:
                if run_id in self._planned and (not is_guest(owner) or owner == self._planned[run_id][1]):
                    del self._planned[run_id]

    def step(self, configs: Iterable[RunConfig], owner: str | None = None) -> None:
        """Move each run on by one batch and let it rest there: runs that are paused, stopped or not yet begun. Returns
        when the batches are kept in the store; a run that ends with its batch is finished.

        Raises EngineError, and moves none, if one of them is being trained, is finished or is held by someone else.
        """
        with self._lock:
            chosen = list(configs)
            self._check_sizes(chosen, owner)
            self._make_room(owner)
            for config in chosen:
                if config.run_id in self._tasks or config.run_id in self._waiting:
                    raise EngineError("A run that is being trained cannot be stepped: pause it first.")
                if not self._store.claim(config, self._presence.token, owner, Status.PAUSED):
                    raise EngineError("Only a run that rests, and only by whoever paused it, is moved on by a step.")
        for _ in range(STEP_TRIES):
            chosen = self._move_on(chosen)
            if not chosen:
                return
        raise EngineError("Somebody else moved the run on meanwhile. It stands where they left it.")

    def _move_on(self, configs: list[RunConfig]) -> list[RunConfig]:
        """Train a batch of each; those of which it could not be kept, because more has come in of them meanwhile."""
        self._await_last_words(configs)
        futures = [self._submit_step(config) for config in configs]
        told = [_answer(future) for future in futures]
        with self._lock:
            kept = [self._store.advance(config.run_id, records) for config, records in zip(configs, told, strict=True)]
            for config, is_kept in zip(configs, kept, strict=True):
                if is_kept:
                    # What a task that was let go of may still say is not listened to from here on.
                    self._tokens.pop(config.run_id, None)
        return [config for config, is_kept in zip(configs, kept, strict=True) if not is_kept]

    def stop(self, run_id: str, owner: str | None = None) -> None:
        """End the run where it is; what there is stays. Raises EngineError for someone who does not own it."""
        self._halt(run_id, Status.STOPPED, owner)

    def pause(self, run_id: str, owner: str | None = None) -> None:
        """Let the run rest until it is started again. Raises EngineError for someone who does not own it."""
        self._halt(run_id, Status.PAUSED, owner)

    def delete(self, run_id: str, owner: str | None = None) -> None:
        """Forget the run and all it told. Raises EngineError for someone who does not own it."""
        self._check_owner(run_id, owner)
        with self._lock:
            self._let_go(run_id)
            self._tokens.pop(run_id, None)
            self._store.delete(run_id)
            self._fill()

    def rename(self, run_id: str, name: str, owner: str | None = None) -> None:
        """Call the run by this name. Raises EngineError for someone who does not own it."""
        self._check_owner(run_id, owner)
        self._store.rename(run_id, name)

    def place(self, run_id: str) -> int | None:
        """The run's place among those that wait for a worker, from 1; None if it does not wait here. Like `planned`, it
        does not wait itself."""
        waiting = list(self._waiting)
        return waiting.index(run_id) + 1 if run_id in waiting else None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Have a worker compute a short, pure function, beside any training. The same call asked twice is computed once
        as long as somebody holds its future."""
        return self._client.submit(function, *arguments, pure=True, priority=10)

    def close(self) -> None:
        """Let go of the cluster; an embedded one ends with its workers. Runs under way rest at the batch they have come
        to, and go on when a server is asked for them. Done by itself before the process ends."""
        with self._lock:
            self._waiting.clear()
            self._planned.clear()
            under_way = [task.config for task in self._tasks.values()]
            for config in under_way:
                self._let_go(config.run_id)
        # Dask's workers would otherwise be killed in the middle of a batch, and say so in the log.
        with suppress(StoreError):
            self._await_last_words(under_way)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        self._inbox.put(None)
        self._writer.join(timeout=10)
        self._presence.close()

    # What the callers' threads do, under the lock.

    def _reach_workers(self) -> None:
        """Start the embedded cluster or connect to the one named: at first, and again when its scheduler went away."""
        self._cluster, self._client = _connect(os.environ.get("HW5_SCHEDULER"))
        fire_and_forget(
            [self._client.submit(_warm, workers=[worker], pure=False) for worker in self._client.nthreads()]
        )

    def _is_new(self, config: RunConfig) -> bool:
        """Whether nobody here trains the run or will, and it is not known to be finished."""
        if config.run_id in self._tasks or config.run_id in self._waiting:
            return False
        run = self._store.run(config.run_id)
        return run is None or run.status is not Status.FINISHED

    def _check_cap(self, more: int, owner: str | None) -> None:
        slots = self._slots()
        if not slots:
            raise EngineError(_NO_WORKERS)
        free = max(0, slots - len(self._tasks) - len(self._waiting))
        if owner is not None:
            self._check_queue(more - free, owner)

    def _check_queue(self, more: int, owner: str) -> None:
        limits = limits_for(owner)
        waiting = sum(waits_for == owner for _, waits_for in self._waiting.values())
        if waiting + more > limits.waiting_per_owner:
            raise EngineError(
                f"You have {waiting} runs waiting, and at most {limits.waiting_per_owner} may wait at a time. Let some "
                "of them finish, or stop them."
            )
        if len(self._waiting) + more > limits.waiting:
            raise EngineError(
                f"{len(self._waiting)} runs are waiting for a worker, and at most {limits.waiting} may. Watch one of "
                "the races under way, and try again when some have ended."
            )

    def _check_plans(self, more: int, owner: str | None) -> None:
        limits = limits_for(owner)
        planned = sum(planned_by == owner for _, planned_by in self._planned.values())
        if owner is not None and planned + more > limits.planned_per_owner:
            raise EngineError(
                f"You have {planned} runs planned, and at most {limits.planned_per_owner} may be at a time. Let some "
                "of them finish, or stop their sweep."
            )
        if owner is not None and len(self._planned) + more > limits.planned:
            raise EngineError(
                f"{len(self._planned)} runs are planned here, and at most {limits.planned} may be. Try a smaller "
                "sweep, or again when some of them have ended."
            )

    def _check_sizes(self, configs: Iterable[RunConfig], owner: str | None) -> None:
        """What somebody has been granted already may be joined, and taken over, by anybody."""
        for config in configs:
            run = self._store.run(config.run_id)
            words = refusal(config, owner) if run is None or run.status.over else ""
            if words:
                raise EngineError(f"This race is beyond what is trained here: {words}.")

    def _make_room(self, owner: str | None = None) -> None:
        """Have guests' oldest runs make way where the store's room is bounded. Raises EngineError for a guest if that
        is not enough."""
        limit = limits_for("anybody").store_bytes
        if limit is None or self._store.make_room(limit) or not is_guest(owner):
            return
        raise EngineError(
            f"The {limit / 1024**2:,.0f} MB that this server has for runs are taken by runs that are under way or kept "
            "for the lecture. Watch one of those that are there, or ask the lecturer to delete some."
        )

    def _check_owner(self, run_id: str, owner: str | None) -> None:
        if is_guest(owner) and owner not in self._store.owners(run_id):
            raise EngineError("Only the session that started this run may stop, pause, resume, rename or delete it.")

    def _halt(self, run_id: str, status: Status, owner: str | None) -> None:
        self._check_owner(run_id, owner)
        with self._lock:
            self._store.halt(run_id, status)
            self._let_go(run_id)
            self._fill()

    def _let_go(self, run_id: str) -> None:
        """Have the run trained no longer; its task's last checkpoint is still listened to."""
        self._waiting.pop(run_id, None)
        self._planned.pop(run_id, None)
        task = self._tasks.pop(run_id, None)
        if task:
            self._client.cancel([task.future], force=True)

    def _fill(self) -> None:
        """Give free workers to the runs that wait, first come, first served, and after them to those planned."""
        while (self._waiting or self._planned) and len(self._tasks) < self._slots():
            config = self._next_waiting() if self._waiting else self._next_planned()
            if config:
                self._submit(config)

    def _next_waiting(self) -> RunConfig | None:
        """The first in line, if it is still to be trained: another process may have stopped or deleted it."""
        run_id, (config, _) = next(iter(self._waiting.items()))
        del self._waiting[run_id]
        run = self._store.run(run_id)
        return config if run and run.status is Status.WAITING else None

    def _next_planned(self) -> RunConfig | None:
        """The first of the planned runs, if it is still to be trained, and by us; none while the store cannot be
        written."""
        run_id, (config, owner) = next(iter(self._planned.items()))
        del self._planned[run_id]
        try:
            return config if self._store.claim(config, self._presence.token, owner) else None
        except StoreError as error:
            self.trouble = str(error)
            return None

    def _slots(self) -> int:
        """How many trainings the cluster takes at a time."""
        if self._cluster is not None:
            return worker_count()
        if self._client.status != "running":
            raise EngineError("The Dask scheduler does not answer at present (HW5_SCHEDULER). Try again in a moment.")
        workers = self._client.scheduler_info()["workers"].values()
        return sum(int(worker["resources"].get(TRAIN, 0)) for worker in workers)

    def _await_last_words(self, configs: Iterable[RunConfig]) -> None:
        """Give tasks that were just let go of the time to tell their last checkpoint. One that died never will: then
        the batches since the one before are trained again, step by step."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while not all(self._store.settled(config.run_id) for config in configs) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _submit_step(self, config: RunConfig) -> "Future[list[Record]]":
        # Not pure: its result is large and nobody asks for it twice.
        return self._client.submit(
            _step_on_worker,
            asdict(config),
            config.run_id,
            self._store.checkpoint(config.run_id),
            pure=False,
            priority=10,
        )

    def _submit(self, config: RunConfig, restarts: int = 0) -> None:
        run_id, token = config.run_id, uuid.uuid4().hex
        # Each time anew: a scheduler that was away for a moment does not know who listens.
        self._client.subscribe_topic(TOPIC, self._receive)
        worker = self._freest_worker()
        future = self._client.submit(
            _train_on_worker,
            asdict(config),
            run_id,
            token,
            self._store.checkpoint(run_id),
            key=f"train-{run_id}-{token}",
            resources={TRAIN: 1},
            workers=[worker] if worker else None,
            # Should it be gone by now, any other will do.
            allow_other_workers=bool(worker),
        )
        self._tasks[run_id] = _Task(config, token, future, worker, restarts=restarts)
        self._tokens[run_id] = token
        future.add_done_callback(lambda done: self._inbox.put(lambda: self._ended(run_id, token, done)))

    def _freest_worker(self) -> str:
        """The address of the worker that trains least of ours; nothing if there is none.

        Left to itself Dask goes by how busy workers are with everything, short tasks too, and may put one training
        behind another while a worker has nothing to train. A worker of our own that died is waited for: it is being
        started anew, and what it trained would otherwise wait for the other one to end.
        """
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            training = Counter(task.worker for task in self._tasks.values())
            known = self._client.scheduler_info()["workers"]
            trainers = [address for address, worker in known.items() if worker["resources"].get(TRAIN)]
            idle = any(not training[address] for address in trainers)
            all_here = self._cluster is None or len(trainers) >= worker_count()
            if idle or all_here or time.monotonic() > deadline:
                return min(trainers, key=lambda address: training[address], default="")
            time.sleep(0.1)

    # What the writer's thread does. Dask's own thread only hands it what arrived, so that it never waits for a disk.

    def _receive(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        self._inbox.put(lambda: self._keep(message["run_id"], message["token"], decode(message["record"])))

    def _write(self) -> None:
        while (job := self._inbox.get()) is not None:
            try:
                with self._lock:
                    job()
            except Exception:
                _log.exception("what a worker told could not be dealt with")

    def _keep(self, run_id: str, token: str, record: Record) -> None:
        """Keep one record of a run, unless it comes from a task that is no longer the run's."""
        if self._tokens.get(run_id) != token:
            return
        task = self._tasks.get(run_id)
        if task and isinstance(record, RunStarted):
            if task.started:
                # The worker died, and Dask ran the task again from where it had been submitted.
                self._go_on(task)
                return
            task.started = True
        try:
            status = self._store.add(run_id, record)
        except StoreError as error:
            self._lose(run_id, error)
            return
        self.trouble = ""
        if status in (None, Status.PAUSED, Status.STOPPED):
            self._let_go(run_id)
            self._fill()
        elif task and isinstance(record, Checkpoint):
            task.restarts = 0

    def _lose(self, run_id: str, error: StoreError) -> None:
        """The store cannot be written: train no further, because nothing would be kept. Asked for again once there is
        room, the run goes on from its last checkpoint."""
        _log.error("run %s was given up: %s", run_id, error)
        self.trouble = str(error)
        self._tokens.pop(run_id, None)
        self._let_go(run_id)

    def _ended(self, run_id: str, token: str, future: "Future[str]") -> None:
        """A task has ended, well or not; one that was let go of is none of the run's any more."""
        task = self._tasks.get(run_id)
        if task is None or task.token != token:
            return
        reason, died = _outcome(future)
        run = self._store.run(run_id)
        # A task that ended well without its last record having come is in the same state as one whose worker died.
        if died or (not reason and run and not run.status.over):
            self._go_on(task)
            return
        del self._tasks[run_id]
        if reason:
            self._store.fail(run_id, reason)
        self._fill()
        self._make_room()

    def _go_on(self, task: _Task) -> None:
        """Train the rest of a run whose worker died, unless that happens again and again."""
        run_id = task.config.run_id
        self._let_go(run_id)
        if task.restarts < MAX_RESTARTS:
            self._submit(task.config, task.restarts + 1)
            return
        self._store.fail(
            run_id,
            f"its worker died {MAX_RESTARTS + 1} times, most likely for want of memory: {_SMALLER}",
        )
        self._fill()


_open_engines: "WeakSet[Engine]" = WeakSet()


def _close_all() -> None:
    for engine in list(_open_engines):
        engine.close()


# Not atexit: that comes when threads can no longer begin anything, and Dask would fill the log with its complaints.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]


def worker_count() -> int:
    """How many workers the embedded cluster has: one per core that this process may use, at most two (a race)."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _connect(address: str | None) -> tuple[LocalCluster | None, Client]:
    try:
        # Workers keep their folders with our other files: the system's temporary one is nobody's to fill.
        with dask.config.set(_CLUSTER_SETTINGS | {"temporary-directory": str(home.cache_folder())}):
            if address:
                return None, Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            # The second thread is for short tasks: the resource lets only one training run on a worker.
            cluster = LocalCluster(
                n_workers=worker_count(),
                threads_per_worker=2,
                processes=True,
                host="127.0.0.1",
                # No dashboard; this is where its server would listen, on a port of the system's choice.
                dashboard_address="127.0.0.1:0",
                resources={TRAIN: 1},
                silence_logs=logging.ERROR,
            )
            return cluster, Client(cluster, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        where = f"the Dask scheduler at {address} (HW5_SCHEDULER)" if address else "the embedded workers"
        raise EngineError(f"{where} cannot be reached: {error}. Start it, or unset HW5_SCHEDULER.") from error


def _answer(future: "Future[list[Record]]") -> list[Record]:
    """What a step told. Raises EngineError, with a sentence, for whatever kept it from being told."""
    try:
        return future.result(timeout=STEP_SECONDS)
    except EngineError:
        raise
    except Exception as error:  # a worker's death, or no answer in time
        raise EngineError(
            f"The step was not trained, and nothing was changed by it ({type(error).__name__}). Try again."
        ) from error


def _outcome(future: "Future[str]") -> tuple[str, bool]:
    """Why a task ended early, or nothing; and whether its worker died."""
    if future.cancelled():
        return "the connection to its workers was lost: start it again to go on from its last checkpoint", False
    error = future.exception()
    if isinstance(error, KilledWorker):
        return "", True
    if error is None:
        return future.result(), False
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return f"its worker had not enough memory: {_SMALLER}", False
    return f"training stopped with {type(error).__name__}: {error}", False


# What runs on a worker. torch is imported inside, because the server imports this module too.


def _warm() -> None:
    """Load torch and scikit-learn before the first race asks for them."""
    import hw5core.training.loop  # noqa: F401

    datasets.load("digits")


def _step_on_worker(config: dict[str, Any], run_id: str, resume: Checkpoint | None) -> list[Record]:
    """Train one batch beside whatever is being trained here, and tell all of it at once."""
    from hw5core.training.single_step import one_step

    return one_step(*_prepare(config, run_id), resume)


def _train_on_worker(config: dict[str, Any], run_id: str, token: str, resume: Checkpoint | None) -> str:
    """Train and send every record; the reason why that was not possible, or nothing."""
    from hw5core.training.loop import train

    try:
        chosen, pool = _prepare(config, run_id)
    except EngineError as error:
        return str(error)
    worker = get_worker()
    key = worker.get_current_task()

    def cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    for record in train(chosen, pool, resume, stop=cancelled):
        worker.log_event(TOPIC, {"run_id": run_id, "token": token, "record": encode(record)})
    return ""


def _prepare(config: dict[str, Any], run_id: str) -> tuple[RunConfig, datasets.Pool]:
    """The run's config and its images. Raises EngineError with the reason why they are not to be had here."""
    import torch

    torch.set_num_threads(1)
    chosen = RunConfig(**config)
    if chosen.run_id != run_id:
        raise EngineError("its worker has another version of hw5core than this server: install the same on both")
    try:
        return chosen, datasets.load(chosen.dataset)
    except DataError as error:
        raise EngineError(str(error)) from error
