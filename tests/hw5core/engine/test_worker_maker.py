"""The process whose copies are the workers: it starts before Dask is imported, and the cluster uses it."""

import subprocess
import sys

import pytest

from hw5core.engine.worker_maker import METHOD
from tools.waiting import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(METHOD != "forkserver", reason="workers are copies of another process only on Linux"),
]

_SERVER = """
import sys
import psutil
from hw5core.engine.worker_maker import ENVIRONMENT, start_worker_maker

start_worker_maker()
assert not {"dask", "distributed", "torch"} & set(sys.modules)
server = psutil.Process()
(maker,) = (one for one in server.children() if "forkserver" in " ".join(one.cmdline()))
variables = maker.environ()
assert all(variables[name] == str(value) for name, value in ENVIRONMENT.items())

from hw5core.engine.cluster import Cluster, worker_count

cluster = Cluster(lambda _: None)
print("workers:", len(maker.children()) / worker_count())
cluster.close()
"""


def test_the_workers_are_copies_of_the_process_that_started_first() -> None:
    ran = subprocess.run([sys.executable, "-c", _SERVER], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert "workers: 1.0" in ran.stdout, ran.stderr


def test_a_server_without_workers_of_its_own_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing import forkserver

    from hw5core.engine.worker_maker import start_worker_maker

    monkeypatch.setattr(forkserver, "ensure_running", lambda: pytest.fail("the process was started"))
    monkeypatch.setenv("HW5_SCHEDULER", "tcp://127.0.0.1:9")
    start_worker_maker()
