"""A worker that runs out of memory: the run fails with that reason, and the next run is trained."""

import os
import resource
from pathlib import Path

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import kill, workers_of
from tests.hw5core.histories import wait_until_over
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

SMALL = RunConfig(network="1x28x28 flatten relu linear10", epochs=1)
# 64 channels of 28x28 for a batch of 300: 60 MB for the output of one layer, and a step needs several of them.
LARGE = RunConfig(network="1x28x28 conv64k3p1 relu maxpool28 flatten linear10", batch_size=300, epochs=1)
FREE_BYTES = 30 * 1024**2


def _limit_memory() -> None:
    """Let the process that calls this grow by FREE_BYTES and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + FREE_BYTES, hard))


def _lift_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_run_that_needs_too_much_memory_fails_and_its_worker_continues(lab: Lab) -> None:
    engine, store, client = lab
    engine.start([SMALL])
    assert wait_until_over(store, SMALL).status is Status.FINISHED
    client.run(_limit_memory)
    try:
        engine.start([LARGE])
        history = wait_until_over(store, LARGE)
    finally:
        client.run(_lift_limit)
    assert history.status is Status.FAILED
    assert "not enough memory" in history.message
    assert "smaller network or batch size" in history.message
    engine.start([LARGE])
    assert wait_until_over(store, LARGE).status is Status.FINISHED


def test_a_run_whose_workers_are_killed_again_and_again_fails_and_the_next_one_is_trained(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, client = lab
    monkeypatch.setattr("hw5core.engine.writer.MAX_RESTARTS", 1)
    victim = RunConfig(epochs=200, batch_size=1_000, seed=1)
    engine.start([victim])

    def kill_its_worker() -> bool:
        """Do what the system does to a process that uses too much memory. Return True if the run has failed."""
        for address in workers_of(client, victim):
            kill(*client.run(os.getpid, workers=[address], on_error="ignore").values())
        run = store.run(victim.run_id)
        return run is not None and run.status.over

    wait_until(kill_its_worker, lambda: store.run(victim.run_id))
    run = store.run(victim.run_id)
    assert run is not None
    assert run.status is Status.FAILED
    assert "its worker died 2 times, most likely for lack of memory" in run.message
    following = RunConfig(network=SMALL.network, epochs=1, seed=2)
    engine.start([following])
    assert wait_until_over(store, following).status is Status.FINISHED
