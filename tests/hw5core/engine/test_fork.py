"""Branches with real workers: the run that is branched from, its deletion, a kill, a receipt that holds."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hw5core.__main__ import main
from hw5core.engine.engine import Engine
from hw5core.errors import NoCheckpointError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.runs.receipts import read, receipt
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tests.hw5core.engine.workers import client_of, process_of
from tests.hw5core.histories import numbers, wait_for, wait_until_over

pytestmark = pytest.mark.slow

PARENT = RunConfig(
    network="1x28x28 conv8k3p1 relu avgpool4 flatten linear10", activation="sigmoid", momentum=0.5, epochs=3
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, RunStore]]:
    """One engine, with a finished run to branch from."""
    store = RunStore(tmp_path_factory.mktemp("store"))
    engine = Engine(store)
    engine.start([PARENT], "mine")
    assert wait_until_over(store, PARENT).status is Status.FINISHED
    yield engine, store
    engine.close()


def test_a_branch_that_changes_nothing_ends_as_its_run(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
    assert store.forkable_epochs(PARENT.run_id) == [0, 1, 2]
    same = fork(PARENT, 0, "sigmoid", PARENT.learning_rate)
    # It may be stepped from its very beginning, like any other run.
    engine.step([same], "mine")
    engine.start([same], "mine")
    story = wait_until_over(store, same)
    assert story.status is Status.FINISHED
    assert (story.first_step, story.done, story.fraction) == (216, 648, 1)
    ours, theirs = (numbers(store.records(config.run_id)[0]) for config in (same, PARENT))
    assert ours["losses"] == theirs["losses"][216:]
    assert ours["epochs"] == theirs["epochs"][1:]
    # Its clock goes on from its run's.
    assert story.seconds is not None
    assert story.seconds > story.clock[0][1] > 0
    assert store.forkable_epochs(same.run_id) == [1, 2]


def test_a_branch_outlives_its_run_and_a_killed_worker(shop: tuple[Engine, RunStore]) -> None:
    engine, store = shop
    parent = replace(PARENT, epochs=1, seed=1)
    engine.start([parent], "mine")
    wait_until_over(store, parent)
    config = fork(parent, 0, "relu", 0.02, Normalisation.INSERTED, epochs=30)
    engine.start([config], "mine")
    wait_for(store, config, lambda story: len(story.losses) > 20)
    engine.delete(parent.run_id, "mine")
    with client_of(engine) as client:
        os.kill(process_of(client, config), signal.SIGKILL)
    wait_for(store, config, lambda story: story.run.attempt == 2 and bool(story.epochs))
    engine.pause(config.run_id, "mine")
    undisturbed = [block for block in store.records(config.run_id)[0] if isinstance(block, BatchLosses)]
    assert undisturbed[0].first_step == config.first_step
    engine.delete(config.run_id, "mine")
    with pytest.raises(NoCheckpointError, match="no checkpoint of epoch 0 of the sigmoid run to fork from"):
        engine.start([config], "mine")
    assert store.run(config.run_id) is None


def test_a_branchs_receipt_names_its_run_and_holds(
    shop: tuple[Engine, RunStore], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, store = shop
    config = fork(PARENT, 1, "relu", 0.02, Normalisation.INSERTED)
    engine.start([config], "mine")
    wait_until_over(store, config)
    story = Follower(store, config.run_id).read()
    assert story is not None
    text = json.dumps(receipt(story))
    assert json.loads(text)["parent"] == {"run_id": PARENT.run_id, "step": 432}
    assert read(text)[0] == config
    (tmp_path / "receipt.json").write_text(text)
    assert main(["verify", str(tmp_path / "receipt.json"), "--batches", "1000"]) == 0
    assert "bit for bit in all 218 numbers" in capsys.readouterr().out
    forged = json.loads(text)
    forged["metrics"]["training_loss"][7] += 0.5
    (tmp_path / "receipt.json").write_text(json.dumps(forged))
    assert main(["verify", str(tmp_path / "receipt.json")]) == 1
    assert "training loss of batch 439" in capsys.readouterr().out
