"""The engine with real worker processes: a race runs, is shared, replayed, and fails in a sentence."""

import time

import pytest

from hw5core.engine.engine import Engine
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory, accuracy_lines
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tests.hw5core.engine.workers import client_of

pytestmark = pytest.mark.slow

SMALL = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)


def _wait(store: RunStore, run_id: str) -> RunHistory:
    follower, deadline = Follower(store, run_id), time.monotonic() + 120
    while time.monotonic() < deadline:
        history = follower.read()
        if history and history.status.over:
            return history
        time.sleep(0.05)
    raise AssertionError(f"run {run_id} did not end: {history}")


def test_a_race_runs_once_and_is_kept(engine: Engine, store: RunStore) -> None:
    configs = race(SMALL)
    for _ in range(5):
        engine.start(configs)
    stories = [_wait(store, config.run_id) for config in configs]
    for config, story in zip(configs, stories, strict=True):
        assert story.status is Status.FINISHED
        assert story.run.attempt == 1
        assert len(story.losses) == config.total_steps
        assert [line.rsplit(" ", 1)[0] for line in accuracy_lines(story)] == [
            f"{config.label} accuracy of epoch {epoch}:" for epoch in range(2)
        ]
    engine.start(configs)
    again = store.run(configs[0].run_id)
    assert again is not None
    assert (again.status, again.attempt) == (Status.FINISHED, 1)


def test_data_that_cannot_be_had_fail_the_run_with_the_reason(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW5_DATA", raising=False)
    # No name server answers here, as on a laptop without network: the workers inherit the environment.
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    engine = Engine(store)
    try:
        config = RunConfig(dataset="fashion")
        engine.start([config])
        story = _wait(store, config.run_id)
    finally:
        engine.close()
    assert story.status is Status.FAILED
    assert "FashionMNIST is not on this machine" in story.message
    assert "built-in digits" in story.message


def test_the_workers_listen_on_loopback_alone(engine: Engine) -> None:
    with client_of(engine) as client:
        addresses = [*client.nthreads(), engine.scheduler_address]
    assert all(address.startswith("tcp://127.0.0.1:") for address in addresses)


def test_a_scheduler_that_does_not_answer_is_a_sentence(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_SCHEDULER", "tcp://127.0.0.1:9")
    monkeypatch.setattr("hw5core.engine.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(EngineError, match="HW5_SCHEDULER"):
        Engine(store)
