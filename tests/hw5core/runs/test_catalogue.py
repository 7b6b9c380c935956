"""The list of runs: races found again in single runs, searched and sorted."""

from dataclasses import replace

import pytest

from hw5core.runs.catalogue import Entry, Listed, Order, entry_of, matching, ordered, races, settings, single_runs
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

BASE = RunConfig(epochs=3)


def _listed(
    config: RunConfig, accuracy: float | None = None, *, name: str = "", created: float = 0.0, status: str = "finished"
) -> Listed:
    run = Run(config.run_id, config, Status(status), "", 1, created=created, name=name)
    return Listed(run, None if accuracy is None else EpochResult(2, 647, 0.3, 90.0, accuracy, 1.0, 0.1))


FOUND = [
    _listed(replace(BASE, activation="sigmoid"), 80.0, created=1.0),
    _listed(replace(BASE, seed=1), 91.0, created=2.0, name="Monday's class", status="stopped"),
    _listed(BASE, 90.0, created=3.0),
    _listed(replace(BASE, dataset="mnist", learning_rate=0.05, activation="tanh"), created=4.0, status="running"),
]


def _titles(entries: list[Entry]) -> list[str]:
    return [entry.title for entry in entries]


def test_runs_that_differ_in_their_activation_alone_are_one_race() -> None:
    found = races(FOUND)
    assert _titles(found) == ["ReLU, sigmoid on digits", "ReLU on digits", "tanh on mnist"]
    assert found[0].configs == race(BASE)
    assert len({entry.key for entry in (*found, *single_runs(FOUND))}) == 3 + 4


@pytest.mark.parametrize("other", [{"seed": 1}, {"learning_rate": 0.1}, {"epochs": 4}, {"dataset": "mnist"}])
def test_any_other_setting_makes_another_race(other: dict[str, object]) -> None:
    assert replace(BASE, **other).race_key != BASE.race_key
    assert replace(BASE, activation="gelu").race_key == BASE.race_key


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("", ["ReLU, sigmoid on digits", "ReLU on digits", "tanh on mnist"]),
        ("monday", ["ReLU on digits"]),
        ("MNIST tanh", ["tanh on mnist"]),
        ("stopped", ["ReLU on digits"]),
        ("learning rate 0.05", ["tanh on mnist"]),
        (BASE.run_id, ["ReLU, sigmoid on digits"]),
        ("conv16k3p1 sigmoid", ["ReLU, sigmoid on digits"]),
        ("nothing of the kind", []),
    ],
)
def test_every_word_of_the_search_has_to_occur(words: str, titles: list[str]) -> None:
    assert _titles(matching(races(FOUND), words)) == titles


def test_the_list_sorts_by_time_accuracy_and_name() -> None:
    found = races(FOUND)
    accuracies = {order: [entry.best for entry in ordered(found, order)] for order in Order}
    assert accuracies[Order.BEST] == [91.0, 90.0, -1.0]
    assert accuracies[Order.NEWEST] == [-1.0, 90.0, 91.0]
    assert accuracies[Order.OLDEST] == [91.0, 90.0, -1.0]
    assert ordered(found, Order.NAMED)[0].name == "Monday's class"


def test_a_link_names_a_race_or_a_run() -> None:
    race_entry, run_entry = entry_of(BASE.race_key, FOUND), entry_of(BASE.run_id, FOUND)
    assert race_entry is not None
    assert run_entry is not None
    assert (len(race_entry.listed), len(run_entry.listed)) == (2, 1)
    assert entry_of("<script>", FOUND) is None


def test_settings_name_what_is_not_the_homeworks() -> None:
    assert settings(BASE) == "3 epochs, seed 0"
    other = replace(BASE, epochs=1, learning_rate=0.05, network="1x28x28 flatten linear16 relu linear10")
    assert settings(other) == "1 epoch, seed 0, learning rate 0.05, network 1x28x28 flatten linear16 relu linear10"


def test_the_state_of_a_race_is_that_of_all_its_runs() -> None:
    found = races(FOUND)
    assert [entry.finished for entry in found] == [True, False, False]


def test_runs_of_an_earlier_version_are_races_of_their_own() -> None:
    before = _listed(BASE, 70.0)
    before = replace(before, run=replace(before.run, run_id="0" * 16))
    found = races([before, *FOUND])
    assert [entry.outdated for entry in found] == [True, False, False, False]
    assert matching(found, "earlier version") == found[:1]
    assert entry_of(found[0].key, [before, *FOUND]) == found[0]
    assert found[1].key == BASE.race_key
