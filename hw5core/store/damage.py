"""Damaged runs: their rows stay in the store under another id, so that the run can be started again.

Each function works in its caller's transaction.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from hw5core.errors import DamagedRunError, LabError
from hw5core.runs.config import RunConfig
from hw5core.store.checksums import bare_id
from hw5core.store.schema import RUN_TABLES

ADVICE = "Its rows are kept apart. Start the run again: it trains from its first batch."


@dataclass(frozen=True)
class Damage:
    """A run that cannot be read. `at` is the time when this was found, in seconds since 1970.

    `what` says what is damaged, and `advice` what to do. `config` is None if the settings are damaged too.
    """

    run_id: str
    config: RunConfig | None
    what: str
    at: float
    advice: str = ADVICE


class _Store(Protocol):
    def set_aside(self, error: DamagedRunError) -> None: ...


S = TypeVar("S", bound=_Store)
P = ParamSpec("P")
T = TypeVar("T")


def sets_damage_aside(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let a store's method that meets damaged runs set them aside, and go on as if the store did not have them."""

    @wraps(method)
    def tried(self: S, /, *arguments: P.args, **options: P.kwargs) -> T:
        found: set[str] = set()
        while True:
            try:
                return method(self, *arguments, **options)
            except DamagedRunError as error:
                if error.run_id in found:
                    raise
                found.add(error.run_id)
                self.set_aside(error)

    return tried


def set_aside(database: sqlite3.Connection, run_id: str, what: str) -> None:
    """Rename the run's rows, so that no reader finds them. Nothing is deleted."""
    number_of_last = "SELECT coalesce(max(CAST(substr(run_id, 9) AS INTEGER)), 0) FROM damages"  # after "damaged "
    number = database.execute(number_of_last).fetchone()[0] + 1
    aside = f"damaged {number} {run_id}"
    row = database.execute("SELECT config FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    for table in RUN_TABLES:
        database.execute(f"UPDATE {table} SET run_id = ? WHERE run_id = ?", (aside, run_id))
    database.execute("INSERT INTO damages VALUES (?, ?, ?, ?)", (aside, row[0] if row else "", what, time.time()))


def damages_in(database: sqlite3.Connection, run_ids: Iterable[str] | None = None) -> list[Damage]:
    """Return the last damage of those of the runs that were set aside, or of all of them, the newest first.

    Runs that were started again since are left out.
    """
    wanted = None if run_ids is None else set(run_ids)
    rows = database.execute(
        "SELECT run_id, config, what, found FROM damages "
        "WHERE NOT EXISTS (SELECT 1 FROM runs WHERE damages.run_id LIKE '% ' || runs.run_id) ORDER BY rowid DESC"
    ).fetchall()
    found = (
        Damage(bare_id(aside), intact_config(bare_id(aside), config), what, at) for aside, config, what, at in rows
    )
    newest: dict[str, Damage] = {}
    for one in found:
        if wanted is None or one.run_id in wanted:
            newest.setdefault(one.run_id, one)
    return list(newest.values())


def intact_config(run_id: str, text: str) -> RunConfig | None:
    """Return the config in a damaged row if it is intact: its hash is the run's id."""
    try:
        config = RunConfig(**json.loads(text))
        return config if config.run_id == run_id else None
    except (LabError, ValueError, TypeError, KeyError):
        return None
