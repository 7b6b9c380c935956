"""Forks with real workers: a fork survives its parent and its worker, and its receipt can be verified."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from hw5core.__main__ import main
from hw5core.errors import NoCheckpointError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.runs.receipts import read, receipt
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import process_of
from tests.hw5core.histories import numbers, wait_for, wait_until_over

pytestmark = pytest.mark.slow

PARENT = RunConfig(
    network="1x28x28 conv8k3p1 relu avgpool4 flatten linear10", activation="sigmoid", momentum=0.5, epochs=3
)


@pytest.fixture(scope="module")
def parent(lab: Lab) -> RunConfig:
    """A finished run to fork."""
    lab.engine.start([PARENT], "mine")
    assert wait_until_over(lab.store, PARENT).status is Status.FINISHED
    return PARENT


def test_a_fork_that_changes_nothing_has_the_numbers_of_its_parent(lab: Lab, parent: RunConfig) -> None:
    engine, store, _ = lab
    assert store.forkable_epochs(parent.run_id) == [0, 1, 2]
    same = fork(parent, 0, "sigmoid", parent.learning_rate)
    # Like any run, it can be stepped from its first batch.
    engine.step([same], "mine")
    engine.start([same], "mine")
    history = wait_until_over(store, same)
    assert history.status is Status.FINISHED
    assert (history.first_step, history.done, history.fraction) == (216, 648, 1)
    ours, theirs = (numbers(store.records(config.run_id)[0]) for config in (same, parent))
    assert ours["losses"] == theirs["losses"][216:]
    assert ours["epochs"] == theirs["epochs"][1:]
    # Its clock continues its parent's.
    assert history.seconds is not None
    assert history.seconds > history.clock[0][1] > 0
    assert store.forkable_epochs(same.run_id) == [1, 2]


def test_a_fork_survives_the_deletion_of_its_parent_and_the_death_of_its_worker(lab: Lab) -> None:
    engine, store, client = lab
    parent = replace(PARENT, epochs=1, seed=1)
    engine.start([parent], "mine")
    wait_until_over(store, parent)
    config = fork(parent, 0, "relu", 0.02, Normalisation.INSERTED, epochs=200)
    engine.start([config], "mine")
    wait_for(store, config, lambda history: len(history.losses) > 20)
    engine.delete(parent.run_id, "mine")
    os.kill(process_of(client, config), signal.SIGKILL)
    wait_for(store, config, lambda history: history.run.attempt == 2 and bool(history.epochs))
    engine.pause(config.run_id, "mine")
    blocks = [block for block in store.records(config.run_id)[0] if isinstance(block, BatchLosses)]
    assert blocks[0].first_step == config.first_step
    engine.delete(config.run_id, "mine")
    with pytest.raises(NoCheckpointError, match="no checkpoint of epoch 0 of the sigmoid run to fork from"):
        engine.start([config], "mine")
    assert store.run(config.run_id) is None


def test_the_receipt_of_a_fork_names_its_parent_and_can_be_verified(
    lab: Lab, parent: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, store, _ = lab
    config = fork(parent, 1, "relu", 0.02, Normalisation.INSERTED)
    engine.start([config], "mine")
    wait_until_over(store, config)
    history = Follower(store, config.run_id).read()
    assert history is not None
    text = json.dumps(receipt(history))
    assert json.loads(text)["parent"] == {"run_id": parent.run_id, "step": 432}
    assert read(text)[0] == config
    (tmp_path / "receipt.json").write_text(text)
    assert main(["verify", str(tmp_path / "receipt.json"), "--batches", "1000"]) == 0
    assert "Bit for bit the same in all 218 compared numbers" in capsys.readouterr().out
    forged = json.loads(text)
    forged["metrics"]["training_loss"][7] += 0.5
    (tmp_path / "receipt.json").write_text(json.dumps(forged))
    assert main(["verify", str(tmp_path / "receipt.json")]) == 1
    assert "training loss of batch 439" in capsys.readouterr().out
