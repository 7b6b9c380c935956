"""Read and write the rows of the store's tables. Each function works in its caller's transaction."""

import json
import sqlite3
import time
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from hw5core.errors import NoCheckpointError
from hw5core.runs.config import Fork, RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, EncodedRecord, EpochResult, Record, RunStarted, decode
from hw5core.runs.run import Run, Status
from hw5core.store.owners import is_guest, token_of
from hw5core.store.trash import IS_KEPT, forget

MAX_CHECKPOINT_BYTES = 64 * 1024**2
"""Space for the checkpoints of a run's earlier epochs: all epochs of the homework's network, fewer of a larger one."""

_RUN_COLUMNS = (
    "run_id, config, status, message, attempt, created, changed, server, name, controller, first_pause, rowid"
)

IS_OF_GUESTS = """EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id)
    AND NOT EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id AND owner IN ('lecturer', 'operator'))"""
"""The condition in SQL for a run that neither the lecturer nor the operator has started or resumed."""

# SQLite does not read a body with a loss of NaN as JSON, and returns it whole.
_LEAN_BODY = "CASE WHEN json_valid(body) THEN json_remove(body, '$.examples', '$.predictions') ELSE body END"


def find_run(database: sqlite3.Connection, run_id: str) -> Run | None:
    """Return the run with this id, or None."""
    row = database.execute(f"SELECT {_RUN_COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return _as_run(row) if row else None


def newest_runs(database: sqlite3.Connection, most: int) -> list[tuple[Run, EpochResult | None]]:
    """Return the runs created last, newest first, each with the result of its last epoch."""
    rows = database.execute(
        f"""SELECT {_RUN_COLUMNS}, (
            SELECT body FROM records WHERE records.run_id = runs.run_id AND kind = 'EpochResult'
            ORDER BY position DESC LIMIT 1
        ) FROM runs WHERE {IS_KEPT} ORDER BY rowid DESC LIMIT ?""",
        (most,),
    ).fetchall()
    return [(_as_run(columns), EpochResult(**json.loads(body)) if body else None) for *columns, body in rows]


def _as_run(columns: Any) -> Run:
    run_id, config, status, *others = columns
    return Run(run_id, _config(config), Status(status), *others)


@lru_cache(maxsize=256)
def _config(text: str) -> RunConfig:
    """Parse a run's config once: a page that shows a run reads it several times a second."""
    return RunConfig(**json.loads(text))


def insert_run(database: sqlite3.Connection, config: RunConfig, server: str, status: Status) -> None:
    """Insert the run if it is new, and give it this server and status.

    Raise NoCheckpointError for a new fork if its parent's checkpoint is not in the store.
    """
    # The first pause of a run that was deleted before counts as long ago. Otherwise a guest could pause a race, delete
    # it, start it and pause it again.
    database.execute(
        "INSERT INTO runs (run_id, config, status, created, first_pause) "
        "VALUES (?, ?, ?, ?, EXISTS (SELECT 1 FROM deletions WHERE run_id = ?)) ON CONFLICT DO NOTHING",
        (config.run_id, json.dumps(asdict(config)), status, time.time(), config.run_id),
    )
    database.execute("UPDATE runs SET server = ? WHERE run_id = ?", (server, config.run_id))
    forget(database, config.run_id)
    set_status(database, config.run_id, status)
    if config.fork:
        _copy_fork_checkpoint(database, config.run_id, config.fork)


def _copy_fork_checkpoint(database: sqlite3.Connection, run_id: str, fork: Fork) -> None:
    """Give a new fork a copy of the checkpoint that it starts from, so that its parent may be deleted."""
    if database.execute("SELECT 1 FROM checkpoints WHERE run_id = ?", (run_id,)).fetchone():
        return
    copied = database.execute(
        "INSERT INTO checkpoints (run_id, step, seconds, epoch_seconds, state, epoch) "
        "SELECT ?, step, seconds, epoch_seconds, state, epoch FROM checkpoints WHERE run_id = ? AND step = ?",
        (run_id, fork.parent.run_id, fork.step),
    )
    if not copied.rowcount:
        raise NoCheckpointError(
            f"This server's store has no checkpoint of epoch {fork.epoch} of the {fork.parent.label} run to fork from: "
            "the run was deleted, or trained elsewhere. Train it again, or fork from another epoch."
        )


def set_status(database: sqlite3.Connection, run_id: str, status: Status, message: str = "") -> None:
    """Set the run's status, the reason for it, and the time of the change."""
    database.execute(
        "UPDATE runs SET status = ?, message = ?, changed = ? WHERE run_id = ?", (status, message, time.time(), run_id)
    )


def owners_of(database: sqlite3.Connection, run_id: str) -> frozenset[str]:
    """Return the owners of the run."""
    rows = database.execute("SELECT owner FROM owners WHERE run_id = ?", (run_id,)).fetchall()
    return frozenset(owner for (owner,) in rows)


def owned_by(database: sqlite3.Connection, owner: str | None) -> frozenset[str]:
    """Return the ids of the runs that this user may rename and delete, as `permissions.may` says for each of them."""
    condition = f"{IS_OF_GUESTS} AND run_id IN (SELECT run_id FROM owners WHERE owner = ?)" if is_guest(owner) else "?"
    value = owner if is_guest(owner) else True
    rows = database.execute(f"SELECT run_id FROM runs WHERE {IS_KEPT} AND {condition}", (value,)).fetchall()
    return frozenset(run_id for (run_id,) in rows)


def add_owner(database: sqlite3.Connection, run_id: str, owner: str | None) -> None:
    """Make the user an owner of the run."""
    database.execute("INSERT INTO owners VALUES (?, ?) ON CONFLICT DO NOTHING", (run_id, token_of(owner)))


def set_controller(database: sqlite3.Connection, run_id: str, owner: str | None, status: Status) -> None:
    """Let the user control the run, which has just got this status."""
    pauses = status is Status.PAUSED and is_guest(owner)
    database.execute(
        "UPDATE runs SET controller = ?, first_pause = CASE WHEN ? AND first_pause = 0 THEN ? ELSE first_pause END "
        "WHERE run_id = ?",
        (token_of(owner), pauses, time.time(), run_id),
    )


def insert_record(database: sqlite3.Connection, run: Run, record: EncodedRecord) -> None:
    """Insert a record, or a checkpoint into its own table.

    A RunStarted first deletes everything from its first step on: it is about to be computed again.
    """
    if record.is_a(Checkpoint):
        _insert_checkpoint(database, run, record)
        return
    if record.is_a(RunStarted):
        started = decode(record.kind, record.body)
        assert isinstance(started, RunStarted)
        _delete_from(database, run.run_id, started.first_step)
    database.execute(
        "INSERT INTO records (run_id, position, body, kind) VALUES (?, ?, ?, ?)",
        (run.run_id, record.position, record.body, record.kind),
    )


def _delete_from(database: sqlite3.Connection, run_id: str, step: int) -> None:
    database.execute("DELETE FROM records WHERE run_id = ? AND (position < 0 OR position >= ?)", (run_id, step))
    database.execute("DELETE FROM checkpoints WHERE run_id = ? AND step > ?", (run_id, step))
    database.execute("UPDATE runs SET attempt = attempt + 1 WHERE run_id = ?", (run_id,))


def _insert_checkpoint(database: sqlite3.Connection, run: Run, record: EncodedRecord) -> None:
    checkpoint = decode(record.kind, record.body, record.state)
    assert isinstance(checkpoint, Checkpoint)
    database.execute(
        "REPLACE INTO checkpoints (run_id, step, seconds, epoch_seconds, state, epoch) VALUES (?, ?, ?, ?, ?, ?)",
        (
            run.run_id,
            checkpoint.step,
            checkpoint.seconds,
            checkpoint.epoch_seconds,
            checkpoint.state,
            checkpoint.epoch,
        ),
    )
    # Of the earlier checkpoints, only ends of epochs are needed, and as many of them as there is space for.
    every = -(-len(checkpoint.state) * run.config.epochs // MAX_CHECKPOINT_BYTES)
    database.execute(
        "DELETE FROM checkpoints WHERE run_id = ? AND step < ? AND (epoch IS NULL OR (epoch + 1) % ? != 0)",
        (run.run_id, checkpoint.step, every),
    )


def newest_checkpoint(database: sqlite3.Connection, run_id: str) -> Checkpoint | None:
    """Return the run's newest checkpoint, or None."""
    row = database.execute(
        "SELECT step, seconds, epoch_seconds, state, epoch FROM checkpoints WHERE run_id = ? "
        "ORDER BY step DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    return Checkpoint(*row) if row else None


def newest_checkpoint_step(database: sqlite3.Connection, run_id: str) -> int:
    """Return the number of batches done at the run's newest checkpoint, or 0 if there is none."""
    row = database.execute("SELECT max(step) FROM checkpoints WHERE run_id = ?", (run_id,)).fetchone()
    return row[0] or 0


def has_records_from(database: sqlite3.Connection, run_id: str, step: int) -> bool:
    """Return True if the run has a record of batch `step` or of a later one."""
    query = "SELECT 1 FROM records WHERE run_id = ? AND position >= ? LIMIT 1"
    return database.execute(query, (run_id, step)).fetchone() is not None


def records_after(
    database: sqlite3.Connection, run_id: str, cursor: int, lean: bool = False
) -> tuple[list[Record], int]:
    """Return the run's records after the cursor, in order, and the cursor for the next call.

    Lean records lack the losses and predictions of single images, and are read six times as fast.
    """
    rows = database.execute(
        f"SELECT number, kind, {_LEAN_BODY if lean else 'body'} FROM records WHERE run_id = ? AND number > ? "
        "ORDER BY number",
        (run_id, cursor),
    ).fetchall()
    records = [decode(kind, body) for _, kind, body in rows]
    if lean:
        records = [
            replace(record, examples=(), predictions=()) if isinstance(record, BatchLosses) else record
            for record in records
        ]
    return records, rows[-1][0] if rows else cursor


def losses_of_batch(database: sqlite3.Connection, run_id: str, step: int) -> BatchLosses | None:
    """Return the record with the losses of batch `step`, or None if it was not trained yet."""
    row = database.execute(
        "SELECT body FROM records WHERE run_id = ? AND kind = 'BatchLosses' AND position <= ? "
        "ORDER BY position DESC, number DESC LIMIT 1",
        (run_id, step),
    ).fetchone()
    record = decode("BatchLosses", row[0]) if row else None
    if isinstance(record, BatchLosses) and step < record.first_step + len(record.losses):
        return record
    return None
