"""The Dask cluster on which runs train: an embedded one, or the one that HW5_SCHEDULER names (tcp:// or tls://)."""

import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, Security
from distributed.client import ClosedClientError
from distributed.core import Status
from distributed.scheduler import KilledWorker
from distributed.utils import get_mp_context

from hw5core import home
from hw5core.engine import tasks, worker_maker
from hw5core.engine.admission import SHUTTING_DOWN
from hw5core.engine.messages import Report, TrainingEnded
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint, EncodedRecord, Record
from hw5core.training.availability import check_installed

TRAIN = "train"
"""The Dask resource of a training. Each worker offers one, so that a short task never waits for a training."""

CONNECT_SECONDS = 10
"""Time limit for connecting to an existing cluster."""

STEP_SECONDS = 60
"""Time limit for one step. The last step of an epoch also evaluates, and the worker may have to read MNIST first."""

LOOK_SECONDS = 1
"""How often missing embedded workers are started again, in seconds."""

MEMORY_ADVICE = "choose a smaller network or batch size, or stop other programs on that machine"
"""Advice for a run whose worker had too little memory."""

_SETTINGS = {
    # Dask must not repeat a dead worker's training: it would start from the checkpoint that was newest at submission.
    "distributed.scheduler.allowed-failures": 0,
    # Dask would move a training that waits behind short tasks to the other worker, even if that one trains already.
    "distributed.scheduler.work-stealing": False,
    # The scheduler keeps the last messages of each topic in memory, and checkpoints are messages.
    "distributed.admin.low-level-log-length": 10,
    "distributed.nanny.pre-spawn-environ": worker_maker.ENVIRONMENT,
    # By default, Dask samples stacks 100 times a second, and checks its event loop 50 times and the memory 10 times:
    # a seventh of a core while nothing happens.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.worker.daemon": True,
    "distributed.worker.preload": ["hw5core.engine.worker_process"],
    # Scheduler and workers each have a web server, which asks for no certificate. Until it is closed, it has no pages.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


_ALWAYS = {
    # LocalCluster gives up a dead worker that is not back by then. The default of 15 seconds is too short on a busy
    # machine.
    "distributed.deploy.lost-worker-timeout": "1 day",
    "distributed.worker.multiprocessing-method": worker_maker.METHOD,
}
"""Settings that Dask reads again whenever a worker dies."""

_GIVEN_UP = (Status.closing, Status.closed, Status.failed)
"""The states of a worker's supervisor, Dask's nanny, in which it does not restart its worker."""


@dataclass(frozen=True)
class Training:
    """A training task on the cluster. `worker` is the address that it was submitted to, or empty for any."""

    token: str
    worker: str
    future: "Future[None]"


class Cluster:
    """A connection to the workers. It passes every Report and TrainingEnded to `deliver`, on Dask's own threads.

    No method but `close` waits for a worker. `client`, `reconnect`, `slots`, `workers` and `free_worker` wait for the
    scheduler's reply.
    """

    def __init__(self, deliver: Callable[[Report | TrainingEnded], None]) -> None:
        self._deliver = deliver
        self._connecting = threading.Lock()
        self._is_closed = False
        self._failed_at = -math.inf
        self._embedded, self._client = _connect(os.environ.get("HW5_SCHEDULER"))
        self._warm_up()

    @property
    def is_embedded(self) -> bool:
        return self._embedded is not None

    def client(self) -> Client:
        """Return another client of the scheduler, which can inspect the workers. The caller closes it."""
        return Client(self._client.scheduler.address, security=self._client.security, set_as_default=False)

    def reconnect(self) -> None:
        """Connect again if the scheduler has closed the connection. Raise EngineError if it does not reply.

        After a failure, raise it again without trying for CONNECT_SECONDS: visitors would wait one after the other.
        """
        with self._connecting:
            if self._is_closed:
                raise EngineError(SHUTTING_DOWN)
            if self._client.status != "closed":
                return
            if time.monotonic() - self._failed_at < CONNECT_SECONDS:
                raise EngineError("The Dask scheduler does not reply. Try again in a moment, or check HW5_SCHEDULER.")
            try:
                self._embedded, self._client = _connect(os.environ.get("HW5_SCHEDULER"))
            except EngineError:
                self._failed_at = time.monotonic()
                raise
            if self._is_closed:
                self._client.close()
                raise EngineError(SHUTTING_DOWN)
            self._warm_up()

    def slots(self) -> int:
        """Return how many trainings fit on the workers, at least 1.

        Raise EngineError if the scheduler does not reply or no worker offers to train.
        """
        if self.is_embedded:
            return worker_count()
        slots = sum(self._trainers().values())
        if not slots:
            raise EngineError(
                "No worker of the Dask cluster offers to train. Start workers there with: "
                f'dask worker SCHEDULER --nthreads 2 --resources "{TRAIN}=1"'
            )
        return slots

    def workers(self) -> frozenset[str]:
        """Return the addresses of the workers that train. Raise EngineError if the scheduler does not reply."""
        return frozenset(self._trainers())

    def free_worker(self, busy: Iterable[str]) -> str | None:
        """Return the address of a worker that can take another training, or None.

        `busy` has the address of each training's worker. Dask's own choice counts short tasks too, and may queue a
        training behind another one while a worker is free.
        """
        try:
            trainers = self._trainers()
        except EngineError:
            return None
        load = Counter(busy)
        free = {address: slots - load[address] for address, slots in trainers.items() if slots > load[address]}
        return max(free, key=free.__getitem__, default=None)

    def train(self, config: RunConfig, token: str, checkpoint: Checkpoint | None, worker: str | None) -> Training:
        """Submit a training and return at once. Without a worker, Dask chooses one, and may queue the training.

        Raise EngineError if the connection is closed.
        """
        if self._client.status == "closed":
            raise EngineError(_CONNECTION_LOST)
        # Every time, because a scheduler that was restarted does not know its subscribers.
        self._client.subscribe_topic(tasks.TOPIC, self._receive)
        future = self._client.submit(
            tasks.train,
            asdict(config),
            config.run_id,
            token,
            checkpoint,
            key=f"train-{config.run_id}-{token}",
            resources={TRAIN: 1},
            workers=[worker] if worker else None,
            # The worker may die before the task arrives.
            allow_other_workers=bool(worker),
        )
        future.add_done_callback(lambda done: self._deliver(_ended(config.run_id, token, done)))
        return Training(token, worker or "", future)

    def cancel(self, training: Training) -> None:
        """Cancel a training without waiting. Its worker still reports a last checkpoint."""
        self._client.loop.add_callback(self._client.cancel, [training.future], asynchronous=True, force=True)

    def step(self, config: RunConfig, checkpoint: Checkpoint | None) -> "Future[list[Record]]":
        """Submit one batch of a run, next to any training, and return its future.

        Raise EngineError if the scheduler is away.
        """
        # Not pure: nobody asks for the same step twice, and its result is large.
        return self._submit(tasks.step, asdict(config), config.run_id, checkpoint, pure=False)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Submit a short, pure function, next to any training, and return its future.

        Equal calls are computed once while one of their futures exists. Raise EngineError if the scheduler is away.
        """
        return self._submit(function, *arguments, pure=True)

    def _submit(self, function: Callable[..., Any], *arguments: Any, pure: bool) -> "Future[Any]":
        self.reconnect()
        try:
            return self._client.submit(function, *arguments, pure=pure, priority=10)
        except ClosedClientError as error:
            raise EngineError("The connection to the workers was lost. Try again.") from error

    def close(self) -> None:
        """Close the connection, and end the embedded workers."""
        self._is_closed = True
        if self._client.status == "running":
            # Otherwise the scheduler logs an error for each worker that ends while it warms up.
            self._client.cancel(self._warming_up)
            # And for each record that a worker sends while the connection closes.
            with suppress(ValueError):  # nothing has been trained
                self._client.unsubscribe_topic(tasks.TOPIC)
        self._client.close()
        if self._embedded is not None:
            self._embedded.close()

    def _warm_up(self) -> None:
        """Let each worker load what a training needs. Dask cancels tasks whose futures nobody keeps."""
        workers = self._client.nthreads()
        self._warming_up = [self._client.submit(tasks.warm_up, workers=[worker], pure=False) for worker in workers]

    def _trainers(self) -> dict[str, int]:
        """Return how many trainings each worker takes, by address. Raise EngineError if the scheduler is away."""
        try:
            if self._client.status != "running":
                raise OSError("the connection is lost")
            # `scheduler_info` may return the client's own update, which has no workers, if that arrives at this moment.
            workers = self._client.sync(self._client.scheduler.identity, n_workers=-1)["workers"]
        except (OSError, TimeoutError) as error:
            raise EngineError(
                f"The Dask scheduler does not reply ({error}). Try again in a moment, or check HW5_SCHEDULER."
            ) from error
        # A worker that is still starting is in the list too. Dask would send its training to a busy worker instead.
        running = {address: worker for address, worker in workers.items() if worker["status"] == "running"}
        slots = {address: int(worker["resources"].get(TRAIN, 0)) for address, worker in running.items()}
        return {address: number for address, number in slots.items() if number}

    def _receive(self, event: tuple[float, dict[str, Any]]) -> None:
        _, message = event
        self._deliver(Report(message["run_id"], message["token"], EncodedRecord(*message["record"])))


_CONNECTION_LOST = "the connection to its workers was lost: start it again to continue from its last checkpoint"


def worker_count() -> int:
    """Return the number of embedded workers: one for each core that this process may use, at most two (a race)."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def step_result(future: "Future[list[Record]]") -> list[Record]:
    """Wait for a step and return its records. Raise EngineError if it failed or took longer than STEP_SECONDS."""
    try:
        return future.result(timeout=STEP_SECONDS)
    except EngineError:
        raise
    except Exception as error:  # the worker died, or did not reply in time
        raise EngineError(
            f"The step was not trained, and it changed nothing ({type(error).__name__}). Try again."
        ) from error


def _connect(address: str | None) -> tuple[LocalCluster | None, Client]:
    """Connect to the scheduler at this address, or start the embedded cluster. Raise EngineError if that fails.

    The embedded workers need PyTorch on this machine.
    """
    if not address:
        check_installed()
    dask.config.set(_ALWAYS)
    try:
        # The workers' folders belong with our other files, not in the system's temporary folder.
        with dask.config.set(_SETTINGS | {"temporary-directory": str(home.cache_folder())}):
            if address:
                return None, Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            get_mp_context()  # its first call chooses what Dask wants to import
            worker_maker.choose_imports()
            # Everyone who may connect can run code, and loopback is open to all users of this machine. So server and
            # workers accept only connections with this certificate, which is nowhere but in their memory.
            cluster = LocalCluster(
                security=Security.temporary(),
                n_workers=worker_count(),
                # The second thread is for short tasks: the resource limits trainings to one per worker.
                threads_per_worker=2,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                resources={TRAIN: 1},
                # A copied process has the variables of the moment when the first one started.
                # No worker needs the lecturer's secret.
                env={name: value for name, value in os.environ.items() if name != "HW5_LECTURER"},
                silence_logs=logging.ERROR,
            )
            cluster.loop.add_callback(cluster.scheduler.http_server.stop)
            cluster.loop.add_callback(_look_after_workers, cluster)
            return cluster, Client(cluster, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        if address:
            raise EngineError(
                f"The Dask scheduler at {address} (HW5_SCHEDULER) cannot be reached: {error}. Start it, or unset "
                "HW5_SCHEDULER."
            ) from error
        raise EngineError(
            f"The workers cannot start: {error.__cause__ or error}. Free memory and disk space, and try again."
        ) from error
    except ImportError as error:
        raise EngineError("A package is missing. Install requirements.txt again, and restart the app.") from error


def _look_after_workers(cluster: LocalCluster) -> None:
    """Start embedded workers again that Dask has given up, now and every LOOK_SECONDS. Runs on the cluster's loop.

    Dask restarts a worker that dies, but gives up if the process that makes workers dies while it makes one.
    """
    if cluster.status is not Status.running:
        return
    for name in [name for name, nanny in cluster.workers.items() if nanny.status in _GIVEN_UP]:
        del cluster.workers[name]
    if len(cluster.workers) < len(cluster.worker_spec):
        # Dask compares the workers with those that it should have, and starts the missing ones.
        cluster.scale(len(cluster.worker_spec))
    cluster.loop.call_later(LOOK_SECONDS, _look_after_workers, cluster)


def _ended(run_id: str, token: str, future: "Future[None]") -> TrainingEnded:
    """Return how a done future ended."""
    if future.cancelled():
        return TrainingEnded(run_id, token, _CONNECTION_LOST)
    error = future.exception()
    if error is None:
        return TrainingEnded(run_id, token)
    if isinstance(error, KilledWorker):
        return TrainingEnded(run_id, token, worker_died=True)
    if isinstance(error, EngineError):
        return TrainingEnded(run_id, token, str(error))
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return TrainingEnded(run_id, token, f"its worker had not enough memory: {MEMORY_ADVICE}")
    return TrainingEnded(run_id, token, f"training stopped with {type(error).__name__}: {error}")
