"""The queue as a user sees it: runs wait in order for a worker, and planned runs come after all others."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hw5core.engine.cluster import worker_count
from hw5core.engine.limits import OWN
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.histories import wait_for, wait_until_over
from tests.networks import STATEFUL
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

SLOTS = worker_count()


def _long_runs(seed: int, number: int) -> list[RunConfig]:
    """Return runs that do not end during a test."""
    return [RunConfig(network=STATEFUL, epochs=200, seed=seed + offset) for offset in range(number)]


def test_runs_wait_in_order_up_to_the_limit(lab: Lab) -> None:
    engine, store, _ = lab
    configs = _long_runs(200, SLOTS + OWN.waiting_per_owner + 1)
    running, waiting, one_too_many = configs[:SLOTS], configs[SLOTS:-1], configs[-1]
    engine.start([*running, *waiting], "mine")
    assert [engine.place(config.run_id) for config in running] == [None] * SLOTS
    assert [engine.place(config.run_id) for config in waiting] == list(range(1, OWN.waiting_per_owner + 1))
    with pytest.raises(EngineError, match="at most 9 may wait"):
        engine.start([one_too_many], "mine")
    engine.start([one_too_many], "somebody else's")
    engine.stop(waiting[0].run_id, "mine")
    assert engine.place(one_too_many.run_id) == OWN.waiting_per_owner
    with pytest.raises(EngineError, match="started or resumed this run last"):
        engine.stop(running[0].run_id, "somebody else's")
    engine.stop(running[0].run_id, "mine")
    assert engine.place(waiting[1].run_id) is None, "the free worker did not take the first waiting run"
    assert engine.place(waiting[2].run_id) == 1
    wait_for(store, waiting[1], lambda history: history.status is Status.RUNNING)


def test_planned_runs_train_after_those_that_somebody_starts(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, store, _ = lab
    configs = _long_runs(300, SLOTS + 3)
    running, first, second, urgent = configs[:SLOTS], configs[SLOTS], configs[SLOTS + 1], configs[SLOTS + 2]
    engine.plan([*running, first, second], "mine")
    wait_until(lambda: len(engine.planned()) == 2, engine.planned)
    engine.plan([first], "somebody else's")
    assert engine.planned() == {first.run_id: "mine", second.run_id: "mine"}
    assert store.run(first.run_id) is None
    assert all(store.owners(config.run_id) == {"mine"} for config in running)
    monkeypatch.setattr("hw5core.engine.limits.OWN", replace(OWN, planned_per_owner=2))
    with pytest.raises(EngineError, match="at most 2"):
        engine.plan([urgent], "mine")
    engine.start([urgent], "somebody else's")
    engine.stop(running[0].run_id, "mine")
    assert engine.place(urgent.run_id) is None, "the free worker did not take the run that was started"
    assert store.run(first.run_id) is None
    engine.withdraw([second.run_id], "somebody else's")
    assert second.run_id in engine.planned()
    engine.withdraw([second.run_id], "mine")
    engine.stop(urgent.run_id, "somebody else's")
    wait_until(lambda: not engine.planned(), engine.planned)
    assert store.owners(first.run_id) == {"mine"}
    engine.plan([second], "mine")
    engine.start([second], "somebody else's")
    assert (engine.place(second.run_id), engine.planned()) == (1, {}), "a started run was still only planned"


def test_fifty_users_who_start_a_race_at_once_share_it(lab: Lab) -> None:
    engine, store, _ = lab
    configs = race(RunConfig(network="1x28x28 flatten relu linear10", epochs=2, seed=50))
    with ThreadPoolExecutor(50) as sessions:
        list(sessions.map(lambda owner: engine.start(configs, str(owner)), range(50)))
    histories = [wait_until_over(store, config) for config in configs]
    assert [history.status for history in histories] == [Status.FINISHED] * 2
    assert [history.run.attempt for history in histories] == [1, 1]
    assert all(len(store.owners(config.run_id)) == 1 for config in configs)
