"""Stepping with real workers: a race that rests is moved on by a batch at a time, and ends with its own numbers."""

from collections.abc import Iterator

import pytest

from hw5core.engine.engine import Engine
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over

pytestmark = pytest.mark.slow

# Long enough to be caught under way.
CONFIG = RunConfig(network="1x28x28 conv8k3p1 relu bn avgpool4 flatten linear10", momentum=0.5, epochs=25)
ENDLESS = RunConfig(network=CONFIG.network, epochs=200, seed=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, RunStore]]:
    store = RunStore(tmp_path_factory.mktemp("store"))
    engine = Engine(store)
    yield engine, store
    engine.close()


def _now(store: RunStore, config: RunConfig) -> RunHistory:
    history = Follower(store, config.run_id).read()
    assert history is not None
    return history


def test_pause_three_steps_and_resume_end_as_if_nothing_had_been(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
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
    # The first step also waited for what had been trained when the pause was asked for; the last one added one batch.
    assert len(after.losses) == len(before.losses) + 1
    assert after.run.attempt == before.run.attempt
    engine.start([CONFIG], "mine")
    assert wait_until_over(store, CONFIG).status is Status.FINISHED
    assert numbers(store.records(CONFIG.run_id)[0]) == undisturbed(CONFIG)


def test_a_race_is_stepped_from_its_very_beginning_to_its_end(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
    short = race(RunConfig(network=CONFIG.network, training_images=10, epochs=1))
    engine.step(short, "mine")
    assert [len(_now(store, config).losses) for config in short] == [1, 1]
    assert store.owners(short[0].run_id) == {"mine"}
    engine.step(short, "mine")
    for config in short:
        story = _now(store, config)
        assert story.status is Status.FINISHED
        assert len(story.losses) == 2
        assert len(story.epochs) == 1
        assert story.run.attempt == 1
        assert sum(isinstance(record, RunStarted) for record in store.records(config.run_id)[0]) == 1
    with pytest.raises(EngineError, match="Only a paused run"):
        engine.step(short, "mine")


def test_only_who_paused_a_run_steps_it_and_only_while_it_rests(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
    engine.start([ENDLESS], "mine")
    wait_for(store, ENDLESS, lambda history: len(history.losses) > 20)
    with pytest.raises(EngineError, match="pause it first"):
        engine.step([ENDLESS], "mine")
    engine.pause(ENDLESS.run_id, "mine")
    with pytest.raises(EngineError, match="only by the person who paused it"):
        engine.step([ENDLESS], "yours")
    engine.stop(ENDLESS.run_id, "mine")
    engine.step([ENDLESS], "mine")
    assert _now(store, ENDLESS).status is Status.PAUSED
    engine.delete(ENDLESS.run_id, "mine")
    assert store.records(ENDLESS.run_id) == ([], 0)


def test_a_step_that_was_overtaken_keeps_nothing(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
    config = RunConfig(network=CONFIG.network, training_images=10, epochs=1, seed=2)
    engine.step([config], "mine")
    told = store.records(config.run_id)
    late = [RunStarted(0, 10.0, "w", "s", "o", {})]
    assert store.advance(config.run_id, late) is False
    store.claim(config)
    assert store.advance(config.run_id, [RunStarted(1, 10.0, "w", "s", "o", {})]) is False
    assert store.records(config.run_id) == told
