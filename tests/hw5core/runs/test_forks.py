"""Forks: what they may change, their labels, and that the ids of ordinary runs do not depend on forks."""

import hashlib
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from hw5core.errors import ConfigError
from hw5core.runs.config import ADDED_LATER, TRAINING_VERSION, Fork, RunConfig, race
from hw5core.runs.forks import (
    Normalisation,
    compare_with_parent,
    describe_fork,
    fork,
    fork_changes,
    forks_of,
    normalisation_of,
)
from hw5core.runs.history import RunHistory, history_of
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

PARENT = RunConfig(activation="sigmoid", epochs=3)
STEPS = PARENT.steps_per_epoch


def test_the_id_of_a_run_without_a_fork_is_the_hash_of_its_settings_alone() -> None:
    plain = {name: value for name, value in asdict(PARENT).items() if name not in ("fork", *ADDED_LATER)}
    text = json.dumps({"version": TRAINING_VERSION, **plain}, sort_keys=True)
    assert PARENT.run_id == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_forks_that_differ_in_anything_are_different_runs() -> None:
    forks = [
        fork(PARENT, 0, "sigmoid", 0.005),
        fork(PARENT, 1, "sigmoid", 0.005),
        fork(PARENT, 0, "relu", 0.005),
        fork(PARENT, 0, "sigmoid", 0.08),
        fork(PARENT, 0, "sigmoid", 0.005, Normalisation.INSERTED),
        fork(PARENT, 0, "sigmoid", 0.005, epochs=4),
        fork(replace(PARENT, seed=1), 0, "sigmoid", 0.005),
    ]
    assert len({PARENT.run_id, *(one.run_id for one in forks)}) == 8
    assert forks[1].first_step == 2 * STEPS
    assert forks[1].label == "fork, sigmoid, after epoch 1"
    assert forks_of(PARENT, [PARENT, *forks]) == forks[:6]


def test_a_stored_fork_is_read_back_equal() -> None:
    deeper = fork(fork(PARENT, 0, "relu", 0.01), 1, "tanh", 0.02, Normalisation.INSERTED)
    read = RunConfig(**json.loads(json.dumps(asdict(deeper))))
    assert read == deeper
    assert read.run_id == deeper.run_id
    assert (read.fork_depth, read.label) == (2, "fork 2, tanh, rate 0.02, batch norm")
    assert read.short_label == "fork 2, tanh"


def test_normalisation_is_inserted_after_every_convolution_and_removed_again() -> None:
    inserted = fork(PARENT, 0, "sigmoid", 0.005, Normalisation.INSERTED)
    assert inserted.network.startswith("1x28x28 conv10k5 bn sigmoid maxpool2 conv20k5 bn sigmoid maxpool2 flatten")
    removed = fork(inserted, 1, "sigmoid", 0.005, Normalisation.REMOVED)
    assert removed.network == PARENT.network
    choices = [normalisation_of(config) for config in (inserted, removed, fork(PARENT, 0, "relu", 0.1))]
    assert choices == [Normalisation.INSERTED, Normalisation.REMOVED, Normalisation.AS_IT_IS]


def test_the_changes_of_a_fork_are_described() -> None:
    assert fork_changes(PARENT) == fork_changes(fork(PARENT, 0, "sigmoid", 0.005)) == []
    assert describe_fork(fork(PARENT, 0, "sigmoid", 0.005)) == (
        f"Fork of the sigmoid run after epoch 0 (batch {STEPS}): nothing changed."
    )
    everything = fork(PARENT, 1, "relu", 0.1, Normalisation.INSERTED)
    assert describe_fork(everything) == (
        f"Fork of the sigmoid run after epoch 1 (batch {2 * STEPS}): activation ReLU instead of sigmoid, "
        "learning rate 0.1 instead of 0.005, batch normalisation in 2 places instead of 0."
    )
    back = fork(everything, 2, "relu", 0.1, Normalisation.REMOVED, epochs=4)
    assert fork_changes(back) == ["batch normalisation removed"]


def _history(config: RunConfig, accuracies: dict[int, float]) -> RunHistory:
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    results = [
        EpochResult(epoch, (epoch + 1) * STEPS - 1, 0.5, 90.0, one, 1.0, 0.1) for epoch, one in accuracies.items()
    ]
    return history_of(run, results)


def test_a_fork_is_compared_with_its_parent_after_the_last_epoch_of_both() -> None:
    config = fork(PARENT, 0, "relu", 0.005)
    parent = _history(PARENT, {0: 10.0, 1: 20.0})
    assert compare_with_parent(parent, _history(config, {})) == ""
    assert compare_with_parent(parent, _history(config, {1: 95.5, 2: 96.0})) == (
        "After epoch 1, **fork, ReLU** has 95.50 % test accuracy and its parent run 20.00 %: 75.50 points more."
    )
    assert compare_with_parent(parent, _history(config, {1: 15.0})).endswith("5.00 points less.")


def test_a_fork_that_diverged_is_compared_as_such() -> None:
    config = fork(PARENT, 0, "relu", 5.0)
    diverged = replace(_history(config, {1: 9.9}), losses=np.full(3, math.nan))
    words = compare_with_parent(_history(PARENT, {0: 10.0, 1: 20.0}), diverged)
    assert words.endswith(f"points less. **{config.label} diverged at batch {config.first_step}**.")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 1}, "must keep the seed"),
        ({"dataset": "mnist"}, "must keep the data"),
        ({"network": "1x28x28 flatten linear10 relu linear10"}, "must keep the layers"),
        ({"fork": Fork(PARENT, STEPS + 1)}, "at the end of an epoch"),
        ({"fork": Fork(PARENT, 0)}, "after an epoch that its parent run has trained"),
        ({"fork": Fork(PARENT, 4 * STEPS)}, "after an epoch that its parent run has trained"),
        ({"fork": Fork(PARENT, 3 * STEPS)}, "give the fork more epochs"),
        ({"fork": Fork(fork(PARENT, 1, "relu", 0.1), STEPS)}, "after an epoch that its parent run has trained"),
    ],
)
def test_a_fork_that_does_not_fit_its_parent_is_refused(other: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        replace(PARENT, **{"fork": Fork(PARENT, STEPS), **other})  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_only_three_forks_may_follow_one_another() -> None:
    one = PARENT
    for epoch in range(2):
        one = fork(one, epoch, "sigmoid", 0.005, epochs=9)
    one = fork(one, 2, "sigmoid", 0.005)
    with pytest.raises(ConfigError, match="at most 3 forks"):
        fork(one, 3, "sigmoid", 0.005)


def test_a_race_of_forks_differs_only_in_the_activation() -> None:
    relu, tanh = race(fork(PARENT, 0, "relu", 0.1), ["relu", "tanh"])
    assert relu.fork == tanh.fork
    assert relu.race_key == tanh.race_key != PARENT.race_key
