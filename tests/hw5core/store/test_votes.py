"""Votes in the store: one per voter and round, in every process, and never more than there is room for."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from hw5core.store import tables
from hw5core.store.store import RunStore
from hw5core.store.votes import BallotBox, Round
from tests.hw5core.store.old_stores import make_older


@pytest.fixture
def box(store: RunStore) -> BallotBox:
    return BallotBox(store, "race")


def test_each_voter_has_one_vote_per_round_and_may_change_it(box: BallotBox) -> None:
    box.vote(Round.BEFORE, "one", "rate")
    box.vote(Round.BEFORE, "two", "rate")
    box.vote(Round.BEFORE, "one", "slopes")
    box.vote(Round.AFTER, "one", "weights")
    ballot = box.read()
    assert ballot.counts(Round.BEFORE) == Counter(rate=1, slopes=1)
    assert ballot.counts(Round.AFTER) == Counter(weights=1)
    assert (ballot.of(Round.BEFORE, "one"), ballot.of(Round.AFTER, "two")) == ("slopes", None)


def test_votes_survive_a_restart_and_another_race_has_its_own(store: RunStore, box: BallotBox) -> None:
    box.vote(Round.BEFORE, "one", "rate")
    other = BallotBox(RunStore(store.folder), "another race")
    other.vote(Round.BEFORE, "one", "slopes")
    assert BallotBox(RunStore(store.folder), "race").read() == box.read()
    box.clear()
    assert not box.read().choices
    assert other.read().counts(Round.BEFORE) == Counter(slopes=1)


def test_the_votes_stay_the_same_object_until_one_changes(box: BallotBox) -> None:
    box.vote(Round.BEFORE, "one", "rate")
    ballot = box.read()
    assert box.read() is ballot
    box.vote(Round.BEFORE, "one", "weights")
    assert box.read(max_age=1e9) is ballot
    assert box.read().of(Round.BEFORE, "one") == "weights"


def test_the_oldest_guesses_make_room(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_OF_A_RACE", 2)
    for owner in ("one", "two", "one", "three"):
        store.guess("race", owner, 1.0)
    assert set(store.guesses("race")) == {"two", "three"}


def test_the_oldest_votes_make_room(store: RunStore, box: BallotBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_OF_A_RACE", 3)
    monkeypatch.setattr(tables, "MAX_IN_TOTAL", 4)
    for voter in "abcd":
        box.vote(Round.BEFORE, voter, "rate")
    box.vote(Round.BEFORE, "b", "slopes")  # a changed vote is a new one
    box.vote(Round.AFTER, "e", "rate")
    assert {voter for _, voter in box.read().choices} == {"d", "b", "e"}
    others = [BallotBox(store, race) for race in ("second", "third")]
    for other in others:
        other.vote(Round.BEFORE, "a", "rate")
    assert {voter for _, voter in box.read().choices} == {"b", "e"}
    assert all(len(other.read().choices) == 1 for other in others)


@pytest.mark.parametrize("change", ["choice = 'rate'", "voter = 'three'", "round = 'after'", "checksum = checksum + 1"])
def test_a_damaged_vote_does_not_count(store: RunStore, box: BallotBox, change: str) -> None:
    box.vote(Round.BEFORE, "one", "slopes")
    box.vote(Round.BEFORE, "two", "weights")
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute(f"UPDATE votes SET {change} WHERE voter = 'one'")
    assert box.read().choices == {("before", "two"): "weights"}


def test_an_older_store_takes_votes_after_its_migration(tmp_path: Path) -> None:
    make_older(RunStore(tmp_path).path, 7)
    box = BallotBox(RunStore(tmp_path), "race")
    assert not box.read().choices
    box.vote(Round.BEFORE, "one", "rate")
    assert box.read().counts(Round.BEFORE) == Counter(rate=1)


def test_a_recovered_file_keeps_its_votes(store: RunStore, box: BallotBox) -> None:
    box.vote(Round.BEFORE, "one", "rate")
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("PRAGMA user_version=7")  # as if a byte of the version was damaged
    again = RunStore(store.folder)
    assert "damaged" in again.notice
    assert BallotBox(again, "race").read() == box.read()
