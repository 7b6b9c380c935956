"""What a branch may change, what it is called, and that ordinary runs' ids know nothing of branches."""

import json
from dataclasses import asdict, replace

import pytest

from hw5core.errors import ConfigError
from hw5core.runs.config import TRAINING_VERSION, Fork, RunConfig, race
from hw5core.runs.forks import Normalisation, branch, changes, in_words

PARENT = RunConfig(activation="sigmoid", epochs=3)
STEPS = PARENT.steps_per_epoch


def test_the_id_of_a_run_without_a_fork_is_the_hash_of_its_settings_alone() -> None:
    import hashlib

    plain = {name: value for name, value in asdict(PARENT).items() if name != "fork"}
    text = json.dumps({"version": TRAINING_VERSION, **plain}, sort_keys=True)
    assert PARENT.run_id == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_branch_is_a_run_of_its_own_wherever_it_leaves_and_whatever_it_changes() -> None:
    branches = [
        branch(PARENT, 0, "sigmoid", 0.008),
        branch(PARENT, 1, "sigmoid", 0.008),
        branch(PARENT, 0, "relu", 0.008),
        branch(PARENT, 0, "sigmoid", 0.08),
        branch(PARENT, 0, "sigmoid", 0.008, Normalisation.INSERTED),
        branch(PARENT, 0, "sigmoid", 0.008, epochs=4),
        branch(replace(PARENT, seed=1), 0, "sigmoid", 0.008),
    ]
    assert len({PARENT.run_id, *(one.run_id for one in branches)}) == 8
    assert branches[1].first_step == 2 * STEPS
    assert branches[1].label == "branch, sigmoid, after epoch 1"


def test_a_branch_comes_back_from_the_store_as_it_was() -> None:
    again = branch(branch(PARENT, 0, "relu", 0.01), 1, "tanh", 0.02, Normalisation.INSERTED)
    read = RunConfig(**json.loads(json.dumps(asdict(again))))
    assert read == again
    assert read.run_id == again.run_id
    assert (read.branchings, read.label) == (2, "branch 2, tanh, rate 0.02, batch norm")


def test_normalisation_comes_behind_every_convolution_and_goes_again() -> None:
    inserted = branch(PARENT, 0, "sigmoid", 0.008, Normalisation.INSERTED)
    assert inserted.network.startswith("1x28x28 conv16k3p1 bn sigmoid avgpool2 conv64k3p1 bn sigmoid avgpool2 flatten")
    assert branch(inserted, 1, "sigmoid", 0.008, Normalisation.REMOVED).network == PARENT.network


def test_what_changes_is_said_in_words() -> None:
    assert changes(PARENT) == changes(branch(PARENT, 0, "sigmoid", 0.008)) == []
    everything = branch(PARENT, 1, "relu", 0.1, Normalisation.INSERTED)
    assert in_words(everything) == (
        f"After epoch 1 of the sigmoid run, batch {2 * STEPS} of it, the activation becomes ReLU instead of sigmoid, "
        "the learning rate 0.1 instead of 0.008, batch normalisation stands in 2 places instead of 0."
    )
    back = branch(everything, 2, "relu", 0.1, Normalisation.REMOVED, epochs=4)
    assert changes(back) == ["batch normalisation is taken out"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 1}, "keeps the seed"),
        ({"dataset": "mnist"}, "keeps the data"),
        ({"network": "1x28x28 flatten linear10 relu linear10"}, "keeps the layers"),
        ({"fork": Fork(PARENT, STEPS + 1)}, "where an epoch ended"),
        ({"fork": Fork(PARENT, 0)}, "after an epoch that the run it comes from has trained"),
        ({"fork": Fork(PARENT, 4 * STEPS)}, "after an epoch that the run it comes from has trained"),
        ({"fork": Fork(PARENT, 3 * STEPS)}, "give the branch more epochs"),
        ({"fork": Fork(branch(PARENT, 1, "relu", 0.1), STEPS)}, "after an epoch that the run it comes from"),
    ],
)
def test_what_is_no_branch_of_its_run_is_refused(other: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        replace(PARENT, **{"fork": Fork(PARENT, STEPS), **other})  # type: ignore[arg-type]
    assert said in str(raised.value)


def test_branches_of_branches_come_to_an_end() -> None:
    one = PARENT
    for epoch in range(2):
        one = branch(one, epoch, "sigmoid", 0.008, epochs=9)
    one = branch(one, 2, "sigmoid", 0.008)
    with pytest.raises(ConfigError, match="3 times at most"):
        branch(one, 3, "sigmoid", 0.008)


def test_a_race_of_a_branch_differs_in_the_activation_alone() -> None:
    relu, tanh = race(branch(PARENT, 0, "relu", 0.1), ["relu", "tanh"])
    assert relu.fork == tanh.fork
    assert relu.race_key == tanh.race_key != PARENT.race_key
