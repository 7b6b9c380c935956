"""The list of runs: grouped into races, and searched."""

from dataclasses import replace

import pytest

from hw5core.runs.catalogue import (
    Entry,
    Listed,
    describe_settings,
    entries_by_key,
    matching,
    races,
    single_runs,
)
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

BASE = RunConfig(epochs=3)


def _listed(
    config: RunConfig, accuracy: float | None = None, *, name: str = "", created: float = 0.0, status: str = "finished"
) -> Listed:
    run = Run(config.run_id, config, Status(status), "", 1, created=created, name=name)
    return Listed(run, None if accuracy is None else EpochResult(2, 647, 0.3, 90.0, accuracy, 1.0, 0.1))


LISTED = [
    _listed(replace(BASE, activation="sigmoid"), 80.0, created=1.0),
    _listed(replace(BASE, seed=1), 91.0, created=2.0, name="Monday's class", status="stopped"),
    _listed(BASE, 90.0, created=3.0),
    _listed(replace(BASE, dataset="mnist", learning_rate=0.05, activation="tanh"), created=4.0, status="running"),
]


def _titles(entries: list[Entry]) -> list[str]:
    return [entry.title for entry in entries]


def test_runs_that_differ_only_in_their_activation_are_one_race() -> None:
    entries = races(LISTED)
    assert _titles(entries) == ["ReLU, sigmoid on digits", "ReLU on digits", "tanh on mnist"]
    assert entries[0].configs == race(BASE)
    assert len({entry.key for entry in (*entries, *single_runs(LISTED))}) == 3 + 4


@pytest.mark.parametrize("other", [{"seed": 1}, {"learning_rate": 0.1}, {"epochs": 4}, {"dataset": "mnist"}])
def test_another_setting_makes_another_race(other: dict[str, object]) -> None:
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
        ("conv10k5 sigmoid", ["ReLU, sigmoid on digits"]),
        ("no such run", []),
    ],
)
def test_every_word_of_the_search_must_occur(words: str, titles: list[str]) -> None:
    assert _titles(matching(races(LISTED), words)) == titles


def test_a_link_finds_a_race_or_a_run() -> None:
    race_entry, run_entry = entries_by_key(LISTED)[BASE.race_key], entries_by_key(LISTED)[BASE.run_id]
    assert race_entry is not None
    assert run_entry is not None
    assert (len(race_entry.listed), len(run_entry.listed)) == (2, 1)
    assert "<script>" not in entries_by_key(LISTED)


def test_settings_that_differ_from_the_homework_are_listed() -> None:
    assert describe_settings(BASE) == "3 epochs, seed 0"
    other = replace(BASE, epochs=1, learning_rate=0.05, network="1x28x28 flatten linear16 relu linear10")
    described = "1 epoch, seed 0, learning rate 0.05, network 1x28x28 flatten linear16 relu linear10"
    assert describe_settings(other) == described


def test_runs_of_an_earlier_version_are_separate_races() -> None:
    old = _listed(BASE, 70.0)
    old = replace(old, run=replace(old.run, run_id="0" * 16))
    entries = races([old, *LISTED])
    assert [entry.outdated for entry in entries] == [True, False, False, False]
    assert matching(entries, "earlier version") == entries[:1]
    assert entries_by_key([old, *LISTED])[entries[0].key] == entries[0]
    assert entries[1].key == BASE.race_key
