"""Votes: what a class thinks before the evidence and after it, one vote per browser and round, for each race.

Entries of golf and hand-ins of a class are kept as votes too: one text per browser, under a key of their own instead of
a race's. Anybody can vote, so the number of votes is limited, and the oldest ones make room for new ones.
"""

import math
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hw5core.store.checksums import checksum
from hw5core.store.connection import transaction
from hw5core.store.store import RunStore
from hw5core.store.tables import keep_newest


class Round(StrEnum):
    """When the class votes."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Ballot:
    """All votes on one race: what each voter chose, by round and voter."""

    choices: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def counts(self, round_: Round) -> Counter[str]:
        """Return how many voters made each choice in this round."""
        return Counter(choice for (when, _), choice in self.choices.items() if when == round_)

    def of(self, round_: str, voter: str) -> str | None:
        """Return what this voter chose in this round, or None."""
        return self.choices.get((round_, voter))


class BallotBox:
    """Takes and reads the votes on one race. Threads may share it. Every method raises StoreError."""

    def __init__(self, store: RunStore, race: str) -> None:
        self._store = store
        self._race = race
        self._lock = threading.Lock()
        self._rows: list[tuple[str, str, str, int]] = []
        self._ballot = Ballot()
        self._read_at = -math.inf

    def vote(self, round_: str, voter: str, choice: str) -> None:
        """Store a vote. It replaces the voter's earlier one in this round."""
        with transaction(self._store.path) as database:
            database.execute("BEGIN IMMEDIATE")
            _insert(database, self._race, round_, voter, choice)

    def clear(self) -> None:
        """Delete all votes on the race."""
        with transaction(self._store.path) as database:
            database.execute("DELETE FROM votes WHERE race = ?", (self._race,))

    def read(self, max_age: float = 0.0) -> Ballot:
        """Return the votes without damaged ones: the same object as long as nothing changes.

        A result that is at most `max_age` seconds old is returned again without reading the store.
        """
        with self._lock:
            if time.monotonic() - self._read_at >= max_age:
                with transaction(self._store.path) as database:
                    query = "SELECT round, voter, choice, checksum FROM votes WHERE race = ?"
                    rows = database.execute(query, (self._race,)).fetchall()
                if rows != self._rows:
                    self._rows, self._ballot = rows, _ballot(self._race, rows)
                self._read_at = time.monotonic()
            return self._ballot


def _insert(database: sqlite3.Connection, race: str, *vote: str) -> None:
    database.execute(
        "REPLACE INTO votes (race, round, voter, choice, checksum) VALUES (?, ?, ?, ?, ?)",
        (race, *vote, checksum(race, *map(str, vote))),
    )
    keep_newest(database, "votes", race)


def _ballot(race: str, rows: list[tuple[str, str, str, int]]) -> Ballot:
    return Ballot({(vote[0], vote[1]): vote[2] for *vote, own in rows if checksum(race, *vote) == own})
