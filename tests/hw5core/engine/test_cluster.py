"""The connection to a real Dask cluster: what it delivers about a training, and which worker it chooses."""

import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from queue import SimpleQueue

import dask
import psutil
import pytest
from distributed import Client, LocalCluster, Status, Worker

from hw5core.data import datasets
from hw5core.engine import tasks
from hw5core.engine.cluster import Cluster, step_result, worker_count
from hw5core.engine.messages import Report, TrainingEnded
from hw5core.engine.worker_process import NICENESS
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import EARLY_STEPS, BatchLosses, Checkpoint, RunFinished, RunStarted
from hw5core.training.loop import train
from tests.networks import STATEFUL
from tools.live import free_port
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

SHORT = RunConfig(network="1x28x28 flatten linear10 relu linear10", epochs=1)
LONG = RunConfig(network=STATEFUL, epochs=200)


class Deliveries:
    """Everything that a cluster delivered, in order."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Report | TrainingEnded] = SimpleQueue()
        self.put = self._queue.put

    def until_end(self, token: str) -> tuple[list[Report], TrainingEnded]:
        """Wait for the end of a training. Return its reports and its end."""
        reports: list[Report] = []
        while True:
            message = self._queue.get(timeout=PATIENCE_SECONDS)
            if message.token != token:
                continue
            if isinstance(message, TrainingEnded):
                return reports, message
            reports.append(message)

    def until_report(self, token: str, kind: type) -> Report:
        """Wait for a record of this kind from a training."""
        while True:
            message = self._queue.get(timeout=PATIENCE_SECONDS)
            assert not (isinstance(message, TrainingEnded) and message.token == token), message
            if isinstance(message, Report) and message.token == token and message.record.is_a(kind):
                return message


def test_a_free_worker_is_found_while_dask_updates_its_own_list_of_workers(
    workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW5_SCHEDULER", workers)
    with dask.config.set({"distributed.client.scheduler-info-interval": "1ms"}):
        cluster = Cluster(lambda _: None)
    try:
        for _ in range(300):
            assert cluster.free_worker(busy=[]) is not None
            assert cluster.slots() >= 1
    finally:
        cluster.close()


def test_workers_can_be_ended_while_they_warm_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("HW5_SCHEDULER", raising=False)
    Cluster(lambda _: None).close()
    # Dask warns if a worker takes long to end.
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture(scope="module")
def deliveries() -> Deliveries:
    return Deliveries()


@pytest.fixture(scope="module")
def cluster(deliveries: Deliveries) -> Iterator[Cluster]:
    running = Cluster(deliveries.put)
    yield running
    running.close()


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[Client]:
    with cluster.client() as connected:
        yield connected


def test_the_embedded_workers_listen_on_loopback_only(cluster: Cluster, client: Client) -> None:
    assert cluster.is_embedded
    assert cluster.slots() == worker_count() == len(client.nthreads())
    addresses = [*client.nthreads(), client.scheduler.address]
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="Windows has no niceness")
def test_the_embedded_workers_let_other_programs_go_first(client: Client) -> None:
    assert set(client.run(os.nice, 0).values()) == {os.nice(0) + NICENESS}


def test_nothing_of_the_embedded_cluster_listens_without_the_certificate(cluster: Cluster, client: Client) -> None:
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        for listener in process.net_connections("inet"):
            if listener.status == psutil.CONN_LISTEN:
                assert listener.laddr.ip == "127.0.0.1"
                assert _asks_for_a_certificate(listener.laddr.port), f"{process} listens without TLS: {listener}"


def _asks_for_a_certificate(port: int) -> bool:
    """Return True if a server speaks TLS, and refuses a client without a certificate."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            with anybody.wrap_socket(connection) as tls:
                tls.recv(1)  # in TLS 1.3, the refusal arrives after the client's part of the handshake
        except ssl.SSLError as error:
            return "certificate required" in str(error).lower() or "CERTIFICATE_REQUIRED" in str(error)
        return False


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_another_process_cannot_connect_without_the_certificate(client: Client, protocol: str) -> None:
    address = client.scheduler.address.replace("tls", protocol)
    # The stranger has a certificate too, but another one.
    stranger = f"""
from distributed import Client, Security
security = Security() if {protocol!r} == "tcp" else Security.temporary()
try:
    Client({address!r}, timeout=5, security=security)
except OSError as error:
    print("refused:", error)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    run = subprocess.run(
        [sys.executable, "-c", stranger], env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert run.stdout.startswith("refused:"), run.stderr
    assert len(client.nthreads()) == worker_count()


def test_a_training_delivers_its_records_in_order_and_then_its_end(cluster: Cluster, deliveries: Deliveries) -> None:
    cluster.train(SHORT, "whole", None, cluster.free_worker([]))
    reports, ended = deliveries.until_end("whole")
    assert ended == TrainingEnded(SHORT.run_id, "whole")
    assert reports[0].record.is_a(RunStarted)
    assert reports[-1].record.is_a(RunFinished)
    assert {report.run_id for report in reports} == {SHORT.run_id}


def test_a_cancelled_training_still_delivers_a_last_checkpoint(cluster: Cluster, deliveries: Deliveries) -> None:
    training = cluster.train(LONG, "cancelled", None, cluster.free_worker([]))
    while deliveries.until_report("cancelled", BatchLosses).record.position < EARLY_STEPS[0]:
        pass  # the first checkpoint is early, and not the last one
    cluster.cancel(training)
    # The future ends at once, and the worker after its batch: its checkpoint may arrive before or after the end.
    reports, ended = deliveries.until_end("cancelled")
    assert not ended.worker_died
    while not any(report.record.is_a(Checkpoint) and report.record.position >= EARLY_STEPS[0] for report in reports):
        reports.append(deliveries.until_report("cancelled", Checkpoint))


def test_a_killed_worker_is_reported_and_replaced(cluster: Cluster, deliveries: Deliveries, client: Client) -> None:
    worker = cluster.free_worker([])
    assert worker is not None
    cluster.train(LONG, "killed", None, worker)
    deliveries.until_report("killed", RunStarted)
    (pid,) = client.run(os.getpid, workers=[worker]).values()
    os.kill(pid, signal.SIGKILL)
    _, ended = deliveries.until_end("killed")
    assert ended == TrainingEnded(LONG.run_id, "killed", worker_died=True)
    wait_until(
        lambda: len(cluster.workers()) == worker_count() and worker not in cluster.workers(),
        lambda: f"the workers are {set(client.nthreads())}, and {worker} was killed",
    )


def test_a_worker_that_takes_no_tasks_yet_is_not_free(cluster: Cluster, client: Client) -> None:
    first, *others = client.nthreads()

    def is_free_while_paused() -> bool:
        _set_status(client, first, "paused")  # each time, because Dask's monitor of the memory ends the pause
        return cluster.free_worker(busy=others) is not None

    try:
        wait_until(lambda: not is_free_while_paused(), lambda: f"{first} takes no tasks, and is offered as free")
    finally:
        _set_status(client, first, "running")
    wait_until(lambda: cluster.free_worker(busy=others) == first, lambda: f"{first} is not free again")


def _set_status(client: Client, worker: str, status: str) -> None:
    def change(dask_worker: Worker) -> None:
        dask_worker.status = Status[status]

    client.run(change, workers=[worker])


def test_a_training_goes_to_a_worker_that_trains_nothing(cluster: Cluster, client: Client) -> None:
    wait_until(lambda: len(cluster.workers()) == worker_count(), lambda: f"the workers are {set(client.nthreads())}")
    workers = cluster.workers()
    for worker in workers:
        assert cluster.free_worker(workers - {worker}) == worker
    assert cluster.free_worker(workers) is None


def test_a_worker_with_other_code_refuses_the_run(
    cluster: Cluster, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(SHORT, seed=5)
    # Here the id has another version of the training code in it than on the worker.
    monkeypatch.setattr("hw5core.runs.config.TRAINING_VERSION", 999)
    assert config.run_id != replace(config, seed=6).run_id
    cluster.train(config, "other code", None, None)
    reports, ended = deliveries.until_end("other code")
    assert reports == []
    assert "another version of hw5core" in ended.failure


def test_a_step_returns_its_records(cluster: Cluster) -> None:
    records = step_result(cluster.step(SHORT, None))
    assert isinstance(records[0], RunStarted)
    assert isinstance(records[-1], Checkpoint)
    assert records[-1].step == 1


def test_a_step_that_fails_is_an_error(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(SHORT, seed=7)
    monkeypatch.setattr("hw5core.runs.config.TRAINING_VERSION", 999)
    assert config.run_id
    with pytest.raises(EngineError, match="another version of hw5core"):
        step_result(cluster.step(config, None))


def test_a_short_task_without_a_scheduler_is_an_error_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.engine.cluster.CONNECT_SECONDS", 0.5)
    options = {"n_workers": 1, "processes": False, "dashboard_address": None, "protocol": "tcp"}
    port = free_port()
    with LocalCluster(**options, scheduler_port=port) as first:
        monkeypatch.setenv("HW5_SCHEDULER", first.scheduler_address)
        cluster = wait_until(_connected, lambda: "there is no connection")  # half a second may be too short
        assert cluster.submit(os.getpid).result(timeout=PATIENCE_SECONDS) == os.getpid()
    try:
        wait_until(lambda: _error_of(cluster), lambda: "the lost scheduler is no error")
        with LocalCluster(**options, scheduler_port=port):
            wait_until(lambda: not _error_of(cluster), lambda: "the scheduler is back, and this is not noticed")
            assert cluster.submit(os.getpid).result(timeout=PATIENCE_SECONDS) == os.getpid()
    finally:
        cluster.close()


def _connected() -> Cluster | None:
    with suppress(EngineError):
        return Cluster(lambda _: None)
    return None


def _error_of(cluster: Cluster) -> str:
    try:
        cluster.submit(os.getpid)
    except EngineError as error:
        return str(error)
    return ""


def test_workers_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("Cluster failed to start") from MemoryError("no memory")

    monkeypatch.delenv("HW5_SCHEDULER", raising=False)
    monkeypatch.setattr("hw5core.engine.cluster.LocalCluster", fails)
    with pytest.raises(EngineError, match="The workers cannot start: no memory"):
        Cluster(lambda _: None)


def test_equal_short_tasks_are_computed_once(cluster: Cluster) -> None:
    first, second = cluster.submit(os.getpid), cluster.submit(os.getpid)
    assert first.key == second.key
    assert first.result(timeout=PATIENCE_SECONDS) == second.result(timeout=PATIENCE_SECONDS) != os.getpid()


def test_a_task_prepares_the_runs_own_config_and_images() -> None:
    config, pool = tasks.prepare(asdict(SHORT), SHORT.run_id)
    assert config == SHORT
    assert len(pool.labels) == len(datasets.load("digits").labels)
    with pytest.raises(EngineError, match="another version of hw5core"):
        tasks.prepare(asdict(SHORT), LONG.run_id)


def test_a_step_on_a_worker_is_the_first_batch_of_training() -> None:
    stepped = tasks.step(asdict(SHORT), SHORT.run_id, None)
    whole = train(SHORT, datasets.load("digits"))
    losses = next(record for record in whole if isinstance(record, BatchLosses)).losses
    assert next(record for record in stepped if isinstance(record, BatchLosses)).losses == losses[:1]


def test_short_tasks_run_after_dask_has_given_up_all_workers(cluster: Cluster, client: Client) -> None:
    # Dask's nannies then restart no worker.
    before = set(client.nthreads())
    client.run(lambda dask_worker: dask_worker.loop.add_callback(dask_worker.close), nanny=True)
    wait_until(lambda: not before & set(client.nthreads()), client.nthreads)
    assert cluster.submit(len, "four").result(timeout=PATIENCE_SECONDS) == 4
    wait_until(lambda: len(client.nthreads()) == worker_count(), client.nthreads)
