"""A worker that runs out of memory, for real: the run fails with that reason, and the next one is trained."""

import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from distributed import Client

from hw5core.engine import engine as engine_module
from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import workers_of
from tests.hw5core.histories import PATIENCE_SECONDS, wait_until_over

pytestmark = pytest.mark.slow

SMALL = RunConfig(network="1x28x28 flatten relu linear10", epochs=1)
# 64 channels of 28x28 for a batch of 300: 60 MB for one layer's output, and several of them are needed at a time.
HUNGRY = RunConfig(network="1x28x28 conv64k3p1 relu maxpool28 flatten linear10", batch_size=300)
ROOM_BYTES = 30 * 1024**2


def _leave_little_room() -> tuple[int, int]:
    """Let the process that calls this grow by ROOM_BYTES and no more; the limits as they were."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + ROOM_BYTES, before[1]))
    return before


def _give_room_back() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_an_allocation_that_fails_is_a_sentence_and_the_worker_goes_on(lab: Lab) -> None:
    engine, store, client = lab
    engine.start([SMALL])
    assert wait_until_over(store, SMALL).status is Status.FINISHED
    client.run(_leave_little_room)
    try:
        engine.start([HUNGRY])
        story = wait_until_over(store, HUNGRY)
    finally:
        client.run(_give_room_back)
    assert story.status is Status.FAILED
    assert "not enough memory" in story.message
    assert "smaller network or batch size" in story.message
    engine.start([HUNGRY])
    assert wait_until_over(store, HUNGRY).status is Status.FINISHED


def test_a_worker_that_the_system_kills_again_and_again_is_a_sentence_and_the_next_run_is_trained(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, client = lab
    monkeypatch.setattr(engine_module, "MAX_RESTARTS", 1)
    victim = RunConfig(epochs=200, batch_size=1_000, seed=1)
    engine.start([victim])
    deadline = time.monotonic() + PATIENCE_SECONDS
    # What the system's out-of-memory killer sends.
    while (run := store.run(victim.run_id)) and not run.status.over:
        assert time.monotonic() < deadline
        for pid in _trained_by(client, victim):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    assert run is not None
    assert run.status is Status.FAILED
    assert "its worker died 2 times, most likely for lack of memory" in run.message
    after = RunConfig(network=SMALL.network, epochs=1, seed=2)
    engine.start([after])
    assert wait_until_over(store, after).status is Status.FINISHED


def _trained_by(client: Client, config: RunConfig) -> list[int]:
    """The process that trains the run now, if one has begun and can still be asked."""
    with suppress(OSError):
        return [int(client.run(os.getpid, workers=[address])[address]) for address in workers_of(client, config)]
    return []
