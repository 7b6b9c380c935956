"""Eviction: which runs are deleted when the store needs more space than it may. Guests' runs only.

Each guest has a share of the space, and so have all guests at one network address together. If there is too little
space, those who need more than their share lose their own runs first. So nobody can displace the runs of others.
"""

import math
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from hw5core.store.tables import IS_OF_GUESTS
from hw5core.store.trash import IS_KEPT

# Records are numbered in the order of their arrival, so the last change is found without a clock. A run without records
# has just been created. The sizes of bodies are those of their bytes: counting characters takes three times as long.
_STORED = f"""
    SELECT run_id, (SELECT min(owner) FROM owners WHERE owners.run_id = runs.run_id), status,
    (SELECT max(number) FROM records WHERE records.run_id = runs.run_id),
    coalesce((
        SELECT sum(length(CAST(body AS BLOB)) + length(CAST(images AS BLOB))) FROM records
        WHERE records.run_id = runs.run_id
    ), 0)
    + coalesce((SELECT sum(length(state)) FROM checkpoints WHERE checkpoints.run_id = runs.run_id), 0)
    FROM runs WHERE {IS_KEPT} AND {IS_OF_GUESTS}"""


@dataclass(frozen=True)
class Shares:
    """How many bytes the runs of one owner, and of all owners at one address, may need when there is too little space.

    `addresses` has the network address from which each run was created, by run id, as far as it is known.
    """

    owner: float = math.inf
    address: float = math.inf
    addresses: Mapping[str, str] = field(default_factory=dict)


NO_SHARES = Shares()
"""Nobody has a limit of their own: the run that has not changed for the longest time is always next."""


@dataclass(frozen=True)
class StoredRun:
    """A guest's run: its owner and address, its size in bytes, and when it changed last, as a number that grows."""

    run_id: str
    owner: str
    address: str
    size: int
    changed: float
    is_active: bool = False


def stored_runs(database: sqlite3.Connection, addresses: Mapping[str, str]) -> list[StoredRun]:
    """Return all runs of guests. This reads the whole store, so it takes a while: 0.2 s for 500 MB."""
    return [
        StoredRun(
            run_id,
            owner,
            addresses.get(run_id, ""),
            size,
            math.inf if number is None else number,
            status in ("waiting", "running"),
        )
        for run_id, owner, status, number, size in database.execute(_STORED)
    ]


def in_order_of_eviction(runs: Collection[StoredRun], shares: Shares, keep: Collection[str] = ()) -> Iterator[str]:
    """Yield the ids of the runs to delete, one after the other. Runs that wait or train, and those in `keep`, stay.

    Each time, the run that has not changed for the longest time is next: among those of owners who need more than their
    share; if there is none, among those of addresses that do; and if there is none either, among all.
    """
    of_owner: Counter[str] = Counter()
    of_address: Counter[str] = Counter()
    for run in runs:
        of_owner[run.owner] += run.size
        of_address[run.address] += run.size
    left = sorted((run for run in runs if not run.is_active and run.run_id not in keep), key=lambda run: run.changed)
    while left:
        greedy = [run for run in left if of_owner[run.owner] > shares.owner]
        crowded = [run for run in left if of_address[run.address] > shares.address]
        run = (greedy or crowded or left)[0]
        left.remove(run)
        of_owner[run.owner] -= run.size
        of_address[run.address] -= run.size
        yield run.run_id
