"""Deleted runs: for a minute their rows stay under another id, so that a deletion can be undone.

A row of the table `deletions` also says afterwards that a run was deleted, until somebody starts it again. Each
function works in its caller's transaction.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass

from hw5core.store.schema import RUN_TABLES
from hw5core.store.sealing import changes_run

UNDO_SECONDS = 60.0
"""How long a deletion can be undone."""

REMEMBERED_SECONDS = 86_400.0
"""How long the store remembers that a run was deleted."""

BY_OWNER = "by its owner"
BY_LECTURER = "by the lecturer"
FOR_SPACE = "to make room for newer runs"

_IN_TRASH = "run_id LIKE 'deleted %'"

IS_KEPT = f"NOT {_IN_TRASH} AND run_id NOT LIKE 'damaged %'"
"""The condition in SQL for the id of a run that is neither deleted nor set aside as damaged."""


@dataclass(frozen=True)
class Deletion:
    """A deleted run: the reason, and the time `at` in seconds since 1970.

    `owners` are those of the run. `is_final` is True once nobody can undo it.
    """

    run_id: str
    reason: str
    at: float
    owners: frozenset[str]
    is_final: bool


def move_to_trash(database: sqlite3.Connection, run_id: str, reason: str) -> None:
    """Delete the run so that `restore` can bring it back. An earlier deletion of it becomes final."""
    _delete_rows(database, _in_trash(run_id))
    _stop(database, run_id)
    _rename(database, run_id, _in_trash(run_id))
    _remember(database, run_id, reason)


@changes_run
def _stop(database: sqlite3.Connection, run_id: str) -> None:
    """Let nobody train the run, and nobody continue it after a restore without being asked."""
    database.execute(
        "UPDATE runs SET status = 'stopped' WHERE run_id = ? AND status IN ('waiting', 'running')", (run_id,)
    )


def delete_for_good(database: sqlite3.Connection, run_id: str) -> None:
    """Delete a run to make room for others. This cannot be undone."""
    _delete_rows(database, run_id)
    _remember(database, run_id, FOR_SPACE)


def _remember(database: sqlite3.Connection, run_id: str, reason: str) -> None:
    database.execute("REPLACE INTO deletions VALUES (?, ?, ?)", (run_id, reason, time.time()))


def forget(database: sqlite3.Connection, run_id: str) -> None:
    """Forget that the run was deleted, because it is started again."""
    database.execute("DELETE FROM deletions WHERE run_id = ?", (run_id,))


def restore(database: sqlite3.Connection, run_id: str) -> bool:
    """Undo the deletion of the run. Return False if it is final, or if the run was started again."""
    (deletion,) = deletions_of(database, [run_id]) or (None,)
    if deletion is None or deletion.is_final:
        return False
    _rename(database, _in_trash(run_id), run_id)
    forget(database, run_id)
    return True


def deletions_of(database: sqlite3.Connection, run_ids: Iterable[str]) -> list[Deletion]:
    """Return the deletions of those of the runs that were deleted, in their order."""
    ids = list(run_ids)
    rows = database.execute(
        "SELECT run_id, reason, deleted, "
        "(SELECT json_group_array(owner) FROM owners WHERE owners.run_id = 'deleted ' || deletions.run_id), "
        "abs(? - deleted) >= ? OR NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id = 'deleted ' || deletions.run_id) "
        "FROM deletions WHERE run_id IN (SELECT value FROM json_each(?))",
        (time.time(), UNDO_SECONDS, json.dumps(ids)),
    ).fetchall()
    found = [
        Deletion(run_id, reason, at, frozenset(json.loads(owners)), bool(is_final))
        for run_id, reason, at, owners, is_final in rows
    ]
    return sorted(found, key=lambda one: ids.index(one.run_id))


def purge(database: sqlite3.Connection) -> bool:
    """Delete for good what can no longer be restored. Return True if something that can be restored is left."""
    now = time.time()
    database.execute("DELETE FROM deletions WHERE abs(? - deleted) > ?", (now, REMEMBERED_SECONDS))
    restorable = {
        _in_trash(run_id)
        for (run_id,) in database.execute(
            "SELECT run_id FROM deletions WHERE abs(? - deleted) < ?", (now, UNDO_SECONDS)
        )
    }
    trash = {run_id for (run_id,) in database.execute(f"SELECT run_id FROM runs WHERE {_IN_TRASH}")}
    for run_id in trash - restorable:
        _delete_rows(database, run_id)
    return bool(trash & restorable)


def empty(database: sqlite3.Connection) -> None:
    """Delete for good everything that could still be restored."""
    for (run_id,) in database.execute(f"SELECT run_id FROM runs WHERE {_IN_TRASH}").fetchall():
        _delete_rows(database, run_id)


def _in_trash(run_id: str) -> str:
    return f"deleted {run_id}"


def _rename(database: sqlite3.Connection, run_id: str, new: str) -> None:
    for table in RUN_TABLES:
        database.execute(f"UPDATE {table} SET run_id = ? WHERE run_id = ?", (new, run_id))


def _delete_rows(database: sqlite3.Connection, run_id: str) -> None:
    for table in RUN_TABLES:
        database.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
