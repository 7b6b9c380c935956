"""Single steps with real workers: a paused race moves by one batch at a time, and ends with the same numbers."""

from dataclasses import replace
from typing import Any

import pytest

from hw5core.engine.cluster import Cluster
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import Checkpoint, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over
from tests.networks import STATEFUL

pytestmark = pytest.mark.slow

CONFIG = RunConfig(network=STATEFUL, momentum=0.5, epochs=5)
LONG = RunConfig(network=STATEFUL, epochs=200, seed=1)
TWO_BATCHES = RunConfig(network=STATEFUL, training_images=10, epochs=1)


def _now(store: RunStore, config: RunConfig) -> RunHistory:
    history = Follower(store, config.run_id).read()
    assert history is not None
    return history


def test_a_run_that_is_paused_stepped_and_resumed_ends_with_the_same_numbers(lab: Lab) -> None:
    engine, store, _ = lab
    engine.start([CONFIG], "mine")
    wait_for(store, CONFIG, lambda history: len(history.losses) > 20)
    engine.pause(CONFIG.run_id, "mine")
    for _ in range(3):
        before = _now(store, CONFIG)
        engine.step([CONFIG], "mine")
        after = _now(store, CONFIG)
        assert after.status is Status.PAUSED
        assert after.measured is not None
        assert after.measured.step == len(after.losses) - 1
    # The first step also waits for batches that were trained before the pause, so only the last ones are compared.
    assert len(after.losses) == len(before.losses) + 1
    assert after.run.attempt == before.run.attempt
    engine.start([CONFIG], "mine")
    assert wait_until_over(store, CONFIG).status is Status.FINISHED
    assert numbers(store.records(CONFIG.run_id)[0]) == undisturbed(CONFIG)


def test_a_race_can_be_stepped_from_its_start_to_its_end(lab: Lab) -> None:
    engine, store, _ = lab
    configs = race(TWO_BATCHES)
    engine.step(configs, "mine")
    assert [len(_now(store, config).losses) for config in configs] == [1, 1]
    assert store.owners(configs[0].run_id) == {"mine"}
    engine.step(configs, "mine")
    for config in configs:
        history = _now(store, config)
        assert (history.status, history.run.attempt) == (Status.FINISHED, 1)
        assert (len(history.losses), len(history.epochs)) == (2, 1)
        assert sum(isinstance(record, RunStarted) for record in store.records(config.run_id)[0]) == 1
    with pytest.raises(EngineError, match="Only a paused run can be stepped"):
        engine.step(configs, "mine")


def test_only_a_paused_run_can_be_stepped_and_only_by_its_owner(lab: Lab) -> None:
    engine, store, _ = lab
    engine.start([LONG], "mine")
    wait_for(store, LONG, lambda history: len(history.losses) > 20)
    with pytest.raises(EngineError, match="pause it first"):
        engine.step([LONG], "mine")
    engine.pause(LONG.run_id, "mine")
    with pytest.raises(EngineError, match="only by the person who paused it"):
        engine.step([LONG], "yours")
    engine.stop(LONG.run_id, "mine")
    engine.step([LONG], "mine")
    assert _now(store, LONG).status is Status.PAUSED
    engine.delete(LONG.run_id, "mine")
    assert store.records(LONG.run_id)[0] == []


def test_a_step_that_fails_for_one_network_changes_neither(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, store, _ = lab
    configs = race(replace(TWO_BATCHES, seed=3))
    step = Cluster.step

    def fails_for_sigmoid(cluster: Cluster, config: RunConfig, checkpoint: Checkpoint | None) -> Any:
        return step(cluster, config, checkpoint) if config.activation == "relu" else cluster.submit(_fail)

    monkeypatch.setattr(Cluster, "step", fails_for_sigmoid)
    with pytest.raises(EngineError, match="it changed nothing"):
        engine.step(configs, "mine")
    assert [store.records(config.run_id)[0] for config in configs] == [[], []]


def _fail() -> None:
    raise MemoryError


def test_a_step_from_an_old_checkpoint_is_not_stored(lab: Lab) -> None:
    engine, store, _ = lab
    config = RunConfig(network=STATEFUL, training_images=10, epochs=1, seed=2)
    engine.step([config], "mine")
    stored = store.records(config.run_id)
    assert store.advance(config.run_id, [RunStarted(0, 10.0, "w", "s", "o", {})]) is False
    store.claim(config)
    assert store.advance(config.run_id, [RunStarted(1, 10.0, "w", "s", "o", {})]) is False
    assert store.records(config.run_id) == stored
