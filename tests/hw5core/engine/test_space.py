"""Single steps of one guest displace no runs of others, and leave only a few runs paused."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hw5core.engine.limits import OWN, PUBLIC
from hw5core.engine.space import Space
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, Record
from hw5core.runs.run import Status
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore
from tests.hw5core.engine.conftest import Lab

KILOBYTE = 1024
# A checkpoint has about 260 kB.
NETWORK = "1x28x28 flatten linear64 relu linear64 relu linear10"
SMALL = replace(
    PUBLIC,
    store_bytes=4_000 * KILOBYTE,
    store_bytes_per_owner=1_000 * KILOBYTE,
    store_bytes_per_address=2_000 * KILOBYTE,
    paused_per_owner=2,
    paused=5,
)


@pytest.fixture
def small_public_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_PUBLIC", "1")
    monkeypatch.setattr("hw5core.engine.limits.PUBLIC", SMALL)


def _finished(store: RunStore, seed: int, owner: str) -> str:
    config = RunConfig(seed=seed, learning_rate=0.02)
    store.claim(config, "server", owner)
    store.add(config.run_id, BatchLosses(0, tuple(0.123456789012345 for _ in range(20_000))))
    store.halt(config.run_id, Status.STOPPED, owner)
    return config.run_id


@pytest.mark.slow
def test_steps_with_invented_cookies_remove_no_finished_runs_of_others(lab: Lab, small_public_store: None) -> None:
    engine, store, _ = lab
    others = [_finished(store, seed, f"student {seed}") for seed in range(3)]
    steps = [RunConfig(network=NETWORK, seed=seed) for seed in range(24)]
    for number, config in enumerate(steps):
        engine.step([config], f"invented {number // 3}", "one")
    stored = store.stamps([*others, *(config.run_id for config in steps)])
    assert set(others) <= set(stored), "runs of others were deleted for those of one visitor"
    assert steps[0].run_id not in stored
    assert steps[-1].run_id in stored
    assert len(store.paused_by_guests()) <= SMALL.paused
    last = [stored[config.run_id].status for config in steps[-3:]]
    assert last == [Status.STOPPED, Status.PAUSED, Status.PAUSED], "an owner has more paused runs than allowed"


@pytest.mark.slow
def test_a_run_stays_while_it_is_stepped_though_the_store_is_full(
    lab: Lab, small_public_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, _ = lab
    config = RunConfig(network=NETWORK, seed=100)
    engine.step([config], "mine")
    advance, lecturers = RunStore.advance, []

    def advance_in_a_full_store(store: RunStore, run_id: str, records: Sequence[Record]) -> bool:
        lecturers.extend(_finished(store, seed, LECTURER) for seed in range(200, 212))
        with pytest.raises(EngineError, match="MB that this server has for runs are full"):
            engine.start([RunConfig(seed=101)], "another guest")
        return advance(store, run_id, records)

    with monkeypatch.context() as full:
        full.setattr(RunStore, "advance", advance_in_a_full_store)
        engine.step([config], "mine")
    assert sum(isinstance(record, BatchLosses) for record in store.records(config.run_id)[0]) == 2
    with pytest.raises(EngineError, match="full"):
        engine.start([RunConfig(seed=101)], "another guest")
    assert store.run(config.run_id) is None, "it was the only run that could be deleted, and nobody stepped it any more"
    for run_id in lecturers:
        engine.delete(run_id)
    store.make_room(0)


@pytest.mark.slow
def test_too_many_networks_are_not_stepped_at_once(lab: Lab, small_public_store: None) -> None:
    engine, store, _ = lab
    configs = [RunConfig(network=NETWORK, seed=300 + seed) for seed in range(3)]
    with pytest.raises(EngineError, match="At most 2 networks can be stepped"):
        engine.step(configs, "mine")
    assert not store.stamps(config.run_id for config in configs)
    engine.step(configs, LECTURER)


def test_pauses_are_limited_for_each_owner_and_address_and_for_all(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw5core.engine.limits.OWN", replace(OWN, paused_per_owner=3, paused_per_address=4, paused=6))
    stepped: list[str] = []
    space = Space(store, lambda: stepped)
    paused = []

    def pause(owner: str, address: str) -> None:
        config = RunConfig(seed=len(paused))
        store.claim(config, "server", owner)
        store.add(config.run_id, BatchLosses(0, (1.0,)))
        store.halt(config.run_id, Status.PAUSED, owner)
        space.note(config.run_id, address)
        space.limit_pauses(owner)
        paused.append(config.run_id)

    def left() -> list[int]:
        stamps = store.stamps(paused)
        return [number for number, run_id in enumerate(paused) if stamps[run_id].status is Status.PAUSED]

    for _ in range(4):
        pause("a", "hall")
    assert left() == [1, 2, 3]
    pause("b", "hall")
    assert left() == [1, 2, 3, 4]
    pause("c", "hall")
    assert left() == [2, 3, 4, 5]
    stepped.append(paused[2])
    for _ in range(2):
        pause("d", "home")
    assert left() == [2, 3, 4, 5, 6, 7]
    pause("e", "home")
    assert left() == [2, 4, 5, 6, 7, 8], "the run that is being stepped was stopped, or another than the oldest"
    pause(LECTURER, "hall")
    assert left() == [2, 4, 5, 6, 7, 8, 9]
