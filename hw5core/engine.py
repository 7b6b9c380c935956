"""Where training runs: a Dask cluster, embedded by default, so that the server never computes and never loads torch.

Workers train and send records; this module's topic handler is the only writer of the store; everyone else reads it.
`HW5_SCHEDULER=tcp://host:port` names an existing cluster to use instead of the embedded one.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, fire_and_forget, get_worker
from distributed.scheduler import KilledWorker

from hw5core.config import RunConfig
from hw5core.records import Checkpoint, decode, encode
from hw5core.runs import RunStore, Status

TOPIC = "hw5-records"

TRAIN = "train"
"""The Dask resource that a training takes one of: a worker offers one, so short tasks never wait behind training."""

CONNECT_SECONDS = 10
"""How long an existing cluster has to answer."""

MAX_RESTARTS = 3
"""How often a run whose worker died goes on by itself before it is given up as failed."""

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
}

_log = logging.getLogger(__name__)


class EngineError(RuntimeError):
    """Workers that cannot be reached. Its text says what to do."""


class Engine:
    """Trains runs on a Dask cluster and keeps what they tell in the store. Make one per server and `close` it."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._futures: dict[str, Future[str]] = {}
        self._restarts: Counter[str] = Counter()
        self._cluster, self._client = _connect(os.environ.get("HW5_SCHEDULER"))
        self._client.subscribe_topic(TOPIC, self._receive)
        fire_and_forget(
            [self._client.submit(_warm, workers=[worker], pure=False) for worker in self._client.nthreads()]
        )

    def start(self, configs: Iterable[RunConfig]) -> None:
        """See to it that each run is trained: a finished one is left alone, a running one joined, an interrupted one
        goes on from its checkpoint. Returns at once; follow the runs in the store."""
        with self._lock:
            for config in configs:
                run = self._store.run(config.run_id)
                finished = run is not None and run.status is Status.FINISHED
                if not finished and config.run_id not in self._futures:
                    self._submit(config)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Have a worker compute a short, pure function, beside any training. The same call asked twice is computed once
        as long as somebody holds its future."""
        return self._client.submit(function, *arguments, pure=True, priority=10)

    def close(self) -> None:
        """Let go of the cluster; an embedded one ends with its workers. Runs under way stay at their checkpoints."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _submit(self, config: RunConfig) -> None:
        resume = self._store.begin(config)
        future = self._client.submit(_train_on_worker, asdict(config), resume, resources={TRAIN: 1}, pure=False)
        self._futures[config.run_id] = future
        future.add_done_callback(lambda done: self._done(config, done))

    def _receive(self, event: tuple[float, dict[str, Any]]) -> None:
        """Dask's handler for our topic: keep one record. It runs in the client's thread, one message after another."""
        _, message = event
        try:
            self._store.add(message["run_id"], decode(message["record"]))
        except Exception:
            _log.exception("a record of run %s could not be kept", message.get("run_id"))

    def _done(self, config: RunConfig, future: "Future[str]") -> None:
        """Dask's callback when a task has ended, well or not."""
        with self._lock:
            self._futures.pop(config.run_id, None)
            if future.cancelled():
                return
            error = future.exception()
            if isinstance(error, KilledWorker) and self._restarts[config.run_id] < MAX_RESTARTS:
                self._restarts[config.run_id] += 1
                self._submit(config)
                return
            del self._restarts[config.run_id]
            reason = future.result() if error is None else _reason(error)
            if reason:
                self._store.fail(config.run_id, reason)


def worker_count() -> int:
    """How many workers the embedded cluster has: one per core that this process may use, at most two (a race)."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _connect(address: str | None) -> tuple[LocalCluster | None, Client]:
    try:
        with dask.config.set(_CLUSTER_SETTINGS):
            if address:
                return None, Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            # The second thread is for short tasks: the resource lets only one training run on a worker.
            cluster = LocalCluster(
                n_workers=worker_count(),
                threads_per_worker=2,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                resources={TRAIN: 1},
                silence_logs=logging.ERROR,
            )
            return cluster, Client(cluster, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        where = f"the Dask scheduler at {address} (HW5_SCHEDULER)" if address else "the embedded workers"
        raise EngineError(f"{where} cannot be reached: {error}. Start it, or unset HW5_SCHEDULER.") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return f"its worker died {MAX_RESTARTS + 1} times, most likely for want of memory: try a smaller network"
    return f"training stopped with {type(error).__name__}: {error}"


# What runs on a worker. torch is imported inside, because the server imports this module too.


def _warm() -> None:
    """Load torch and scikit-learn before the first race asks for them."""
    import hw5core.training  # noqa: F401
    from hw5core import datasets

    datasets.load("digits")


def _train_on_worker(config: dict[str, Any], resume: Checkpoint | None) -> str:
    """Train and send every record; the reason why that was not possible, or nothing."""
    import torch

    from hw5core import datasets
    from hw5core.training import train

    torch.set_num_threads(1)
    worker = get_worker()
    chosen = RunConfig(**config)
    try:
        pool = datasets.load(chosen.dataset)
    except datasets.DataError as error:
        return str(error)
    for record in train(chosen, pool, resume):
        worker.log_event(TOPIC, {"run_id": chosen.run_id, "record": encode(record)})
    return ""
