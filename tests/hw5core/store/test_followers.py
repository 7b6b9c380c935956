"""Followers: they report what is new, and what is deleted is gone, and they read nothing twice."""

from typing import Any

import pytest

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, RunFinished, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.store import RunStore

CONFIGS = [RunConfig(epochs=1, seed=seed) for seed in range(3)]
IDS = [config.run_id for config in CONFIGS]


@pytest.fixture
def group(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> GroupFollower:
    monkeypatch.setattr("hw5core.store.followers.SHARED_SECONDS", 0.0)
    return GroupFollower(store, IDS)


def _report(store: RunStore, config: RunConfig, *losses: float) -> None:
    """Start the run if need be, and add these losses to it."""
    history = Follower(store, config.run_id).read()
    store.claim(config)
    store.add(config.run_id, BatchLosses(len(history.losses) if history else 0, losses, losses, (1,) * len(losses)))


def _losses(group: GroupFollower) -> dict[str, list[float]]:
    return {run_id: history.losses.tolist() for run_id, history in group.read().items()}


def test_a_follower_returns_the_same_history_until_something_is_new(store: RunStore) -> None:
    follower = Follower(store, IDS[0])
    assert follower.read() is None
    _report(store, CONFIGS[0], 2.3)
    first = follower.read()
    assert first is not None
    assert follower.read() is first
    _report(store, CONFIGS[0], 2.2)
    second = follower.read()
    store.halt(IDS[0], Status.PAUSED)
    third = follower.read()
    assert second is not None
    assert third is not None
    assert [one.losses.tolist() for one in (first, second, third)] == [[2.3], [2.3, 2.2], [2.3, 2.2]]
    assert third.status is Status.PAUSED
    assert len({first.version, second.version, third.version}) == 3


def test_a_resumed_run_is_read_again_without_the_records_that_were_dropped(store: RunStore) -> None:
    follower = Follower(store, IDS[0])
    _report(store, CONFIGS[0], 2.3)
    _report(store, CONFIGS[0], 2.2)
    before = follower.read()
    store.add(IDS[0], RunStarted(1, 11.0, "weights", "split", "order", {}))
    store.add(IDS[0], BatchLosses(1, (2.1,)))
    after = follower.read()
    assert before is not None
    assert after is not None
    assert (before.losses.tolist(), after.losses.tolist()) == ([2.3, 2.2], [2.3, 2.1])
    assert after.version.attempt == before.version.attempt + 1


def test_what_is_reported_is_followed_and_what_is_deleted_is_gone(store: RunStore, group: GroupFollower) -> None:
    assert group.read() == {}
    _report(store, CONFIGS[0], 2.3, 2.2)
    _report(store, CONFIGS[2], 2.1)
    assert _losses(group) == {IDS[0]: [2.3, 2.2], IDS[2]: [2.1]}
    _report(store, CONFIGS[0], 2.0)
    store.delete(IDS[2])
    assert _losses(group) == {IDS[0]: [2.3, 2.2, 2.0]}


def test_a_lean_history_lacks_only_the_losses_of_single_images(store: RunStore, group: GroupFollower) -> None:
    store.claim(CONFIGS[0])
    store.add(IDS[0], RunStarted(0, 11.0, "weights", "split", "order", {}))
    store.add(IDS[0], BatchLosses(0, (0.1 + 0.2,), (0.3,), (7,), 1.5))
    store.add(IDS[0], RunFinished(1, 2.0))
    lean, full = group.read()[IDS[0]], Follower(store, IDS[0]).read()
    assert full is not None
    assert (full.examples.tolist(), lean.examples.tolist()) == ([pytest.approx(0.3)], [])
    assert full.losses.tolist() == lean.losses.tolist() == [0.1 + 0.2]
    arrays = {"losses": 0, "examples": 0}
    assert vars(full) | arrays == vars(lean) | arrays


def test_a_finished_run_is_read_once_until_it_is_started_again(
    store: RunStore, group: GroupFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    _report(store, CONFIGS[0], 2.3)
    store.add(IDS[0], RunFinished(1, 1.0))
    asked = []
    updates = store.updates
    monkeypatch.setattr(store, "updates", lambda *what: asked.append(what) or updates(*what))
    for _ in range(3):
        assert _losses(group) == {IDS[0]: [2.3]}
    assert len(asked) == 1
    store.delete(IDS[0])
    store.claim(CONFIGS[0])
    assert _losses(group) == {IDS[0]: []}


def test_readers_shortly_after_one_another_share_one_result(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.store.followers.SHARED_SECONDS", 3600.0)
    group = GroupFollower(store, IDS)
    before = group.read()
    _report(store, CONFIGS[0], 2.3)
    assert group.read() is before
    assert list(group.read(fresh=True)) == [IDS[0]]


def _fail_once(store: RunStore, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Let the next read of this run end with an error, as with a full disk."""
    updates, failures = store.updates, [StoreError("the disk is full")]

    def failing_once(run_id: str, *others: Any) -> Any:
        if run_id == at and failures:
            raise failures.pop()
        return updates(run_id, *others)

    monkeypatch.setattr(store, "updates", failing_once)


@pytest.mark.parametrize("failing", [0, 1])
def test_after_an_error_a_group_has_the_end_of_a_run_that_finished_meanwhile(
    store: RunStore, group: GroupFollower, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    for config in CONFIGS[:2]:
        _report(store, config, 2.3)
    group.read()
    for config in CONFIGS[:2]:
        _report(store, config, 2.2)
        store.add(config.run_id, RunFinished(2, 1.0))
    _fail_once(store, monkeypatch, IDS[failing])
    with pytest.raises(StoreError):
        group.read()
    assert _losses(group) == {IDS[0]: [2.3, 2.2], IDS[1]: [2.3, 2.2]}


def test_after_an_error_the_next_reader_reads_the_store_again(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    _report(store, CONFIGS[0], 2.3)
    follower = Follower(store, IDS[0])
    _fail_once(store, monkeypatch, IDS[0])
    with pytest.raises(StoreError):
        follower.read(max_age=3600.0)
    history = follower.read(max_age=3600.0)
    assert history is not None
    assert history.losses.tolist() == [2.3]
