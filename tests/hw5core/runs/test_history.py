"""Many runs followed at once: what came is there, what was deleted is gone, and nothing is asked for twice."""

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, RunFinished, RunStarted
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.store import RunStore

CONFIGS = [RunConfig(epochs=1, seed=seed) for seed in range(3)]
IDS = [config.run_id for config in CONFIGS]


@pytest.fixture
def group(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> GroupFollower:
    monkeypatch.setattr("hw5core.runs.history.REST_SECONDS", 0.0)
    return GroupFollower(store, IDS)


def _tell(store: RunStore, config: RunConfig, *losses: float) -> None:
    first = len(Follower(store, config.run_id).read().losses) if store.run(config.run_id) else 0  # type: ignore[union-attr]
    store.claim(config)
    store.add(config.run_id, BatchLosses(first, losses, losses, (1,) * len(losses)))


def test_what_comes_is_followed_and_what_is_deleted_is_gone(store: RunStore, group: GroupFollower) -> None:
    assert group.read() == {}
    _tell(store, CONFIGS[0], 2.3, 2.2)
    _tell(store, CONFIGS[2], 2.1)
    found = group.read()
    assert {run_id: list(one.losses) for run_id, one in found.items()} == {IDS[0]: [2.3, 2.2], IDS[2]: [2.1]}
    _tell(store, CONFIGS[0], 2.0)
    store.delete(IDS[2])
    assert {run_id: list(one.losses) for run_id, one in group.read().items()} == {IDS[0]: [2.3, 2.2, 2.0]}


def test_a_lean_story_lacks_only_what_single_images_came_to(store: RunStore, group: GroupFollower) -> None:
    for config in CONFIGS[:2]:
        store.claim(config)
        store.add(config.run_id, RunStarted(0, 11.0, "weights", "split", "order", {}))
        store.add(config.run_id, BatchLosses(0, (0.1 + 0.2,), (0.3,), (7,), 1.5))
        store.add(config.run_id, RunFinished(1, 2.0))
    lean, full = group.read()[IDS[0]], Follower(store, IDS[0]).read()
    assert full is not None
    assert (list(full.examples), list(lean.examples)) == ([pytest.approx(0.3)], [])
    assert vars(full) | {"examples": lean.examples} == vars(lean)


def test_a_finished_run_is_read_once_until_it_is_another(
    store: RunStore, group: GroupFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tell(store, CONFIGS[0], 2.3)
    store.add(IDS[0], RunFinished(1, 1.0))
    asked = []
    news = store.news
    monkeypatch.setattr(store, "news", lambda *what: asked.append(what) or news(*what))
    for _ in range(3):
        assert list(group.read()[IDS[0]].losses) == [2.3]
    assert len(asked) == 1
    store.delete(IDS[0])
    store.claim(CONFIGS[0])
    assert list(group.read()[IDS[0]].losses) == []


def test_many_watchers_within_a_moment_share_one_answer(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw5core.runs.history.REST_SECONDS", 3600.0)
    group = GroupFollower(store, IDS)
    before = group.read()
    _tell(store, CONFIGS[0], 2.3)
    assert group.read() is before
    assert list(group.read(fresh=True)) == [IDS[0]]
