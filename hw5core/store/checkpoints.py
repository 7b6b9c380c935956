"""Read and write the rows of checkpoints. Each function works in its caller's transaction."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from hw5core.errors import NoCheckpointError
from hw5core.runs.config import Fork
from hw5core.runs.records import EARLY_STEPS, MAX_EARLY_BYTES, Checkpoint, EncodedRecord, decode
from hw5core.runs.run import Run
from hw5core.store.checksums import bare_id, checkpoint_checksum, content_checksum

MAX_CHECKPOINT_BYTES = 64 * 1024**2
"""Space for the checkpoints of a run's earlier epochs: all epochs of the homework's network, fewer of a larger one."""

_MAX_EARLY_STATE = 2 * MAX_EARLY_BYTES
"""The largest state of an early checkpoint that is kept, with room for what torch's format adds to the numbers."""

_IS_EARLY = f"(epoch IS NULL AND step IN {EARLY_STEPS})"

_WITHOUT_STATE = "step, seconds, epoch_seconds, epoch, state_checksum, checksum"
_CHECKPOINT_ROW = f"{_WITHOUT_STATE}, state"


def insert_checkpoint(database: sqlite3.Connection, run: Run, record: EncodedRecord) -> None:
    """Insert a checkpoint, and delete those before it that are no longer needed."""
    checkpoint = decode(record.kind, record.body, record.state)
    assert isinstance(checkpoint, Checkpoint)
    _put_checkpoint(database, run.run_id, checkpoint)
    # Of the earlier checkpoints, only early steps and ends of epochs are needed, and as many as there is space for.
    every = -(-len(checkpoint.state) * run.config.epochs // MAX_CHECKPOINT_BYTES)
    is_kept = f"({_IS_EARLY} AND length(state) <= ?) OR (epoch IS NOT NULL AND (epoch + 1) % ? = 0)"
    database.execute(
        f"DELETE FROM checkpoints WHERE run_id = ? AND step < ? AND NOT ({is_kept})",
        (run.run_id, checkpoint.step, _MAX_EARLY_STATE, every),
    )


def copy_fork_checkpoint(database: sqlite3.Connection, run_id: str, fork: Fork) -> None:
    """Give a new fork a copy of the checkpoint that it starts from, so that its parent may be deleted.

    If the parent or an earlier attempt of the fork was set aside as damaged, its checkpoints may still be intact.
    """
    if newest_checkpoint(database, run_id):
        return
    parent = fork.parent.run_id
    query = (
        f"SELECT run_id, {_CHECKPOINT_ROW} FROM checkpoints WHERE step = ? "
        "AND (run_id = ? OR run_id LIKE 'damaged % ' || ? OR run_id LIKE 'damaged % ' || ?)"
    )
    rows = database.execute(query, (fork.step, parent, parent, run_id)).fetchall()
    copies = (_as_checkpoint(bare_id(source), values) for source, *values in rows)
    checkpoint = next(filter(None, copies), None)
    if checkpoint is None:
        raise NoCheckpointError(
            f"This server's store has no checkpoint of epoch {fork.epoch} of the {fork.parent.label} run to "
            "fork from: the run was deleted, damaged or trained elsewhere. Train it again, or fork from another epoch."
        )
    _put_checkpoint(database, run_id, checkpoint)


def _put_checkpoint(database: sqlite3.Connection, run_id: str, checkpoint: Checkpoint) -> None:
    state = content_checksum(checkpoint.state)
    values = (checkpoint.step, float(checkpoint.seconds), float(checkpoint.epoch_seconds), checkpoint.epoch, state)
    database.execute(
        f"REPLACE INTO checkpoints (run_id, {_CHECKPOINT_ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run_id, *values, checkpoint_checksum(run_id, *values), checkpoint.state),
    )


def _as_checkpoint(run_id: str, row: Sequence[Any]) -> Checkpoint | None:
    """Return the checkpoint in the values of _CHECKPOINT_ROW, or None if it is damaged."""
    *values, own, state = row
    step, seconds, epoch_seconds, epoch, state_checksum = values
    if checkpoint_checksum(run_id, *values) != own:
        return None
    if not isinstance(state, bytes) or content_checksum(state) != state_checksum:
        return None
    return Checkpoint(step, seconds, epoch_seconds, state, epoch)


def newest_checkpoint(database: sqlite3.Connection, run_id: str) -> Checkpoint | None:
    """Return the run's newest checkpoint that is intact, or None."""
    rows = database.execute(f"SELECT {_CHECKPOINT_ROW} FROM checkpoints WHERE run_id = ? ORDER BY step DESC", (run_id,))
    return next(filter(None, (_as_checkpoint(run_id, row) for row in rows)), None)


def newest_checkpoint_step(database: sqlite3.Connection, run_id: str) -> int:
    """Return the number of batches done at the run's newest checkpoint that is intact, or 0 if there is none."""
    checkpoint = newest_checkpoint(database, run_id)
    return checkpoint.step if checkpoint else 0


def checkpoint_at(database: sqlite3.Connection, run_id: str, step: int) -> Checkpoint | None:
    """Return the run's checkpoint after this many batches, or None if it is missing or damaged."""
    return _checkpoint_where(database, run_id, "step", step)


def checkpoint_of_epoch(database: sqlite3.Connection, run_id: str, epoch: int) -> Checkpoint | None:
    """Return the run's checkpoint at the end of this epoch, or None if it is missing or damaged."""
    return _checkpoint_where(database, run_id, "epoch", epoch)


def _checkpoint_where(database: sqlite3.Connection, run_id: str, column: str, value: int) -> Checkpoint | None:
    query = f"SELECT {_CHECKPOINT_ROW} FROM checkpoints WHERE run_id = ? AND {column} = ?"
    row = database.execute(query, (run_id, value)).fetchone()
    return _as_checkpoint(run_id, row) if row else None


def epochs_with_checkpoint(database: sqlite3.Connection, run_id: str, first_step: int) -> list[int]:
    """Return the epochs that end at a checkpoint after `first_step` batches. The states are not read."""
    return [row[3] for row in _intact_checkpoints(database, run_id, first_step, "epoch IS NOT NULL")]


def kept_steps(database: sqlite3.Connection, run_id: str, first_step: int) -> list[int]:
    """Return after how many batches, more than `first_step`, the run has checkpoints that are kept."""
    return [row[0] for row in _intact_checkpoints(database, run_id, first_step, f"(epoch IS NOT NULL OR {_IS_EARLY})")]


def _intact_checkpoints(
    database: sqlite3.Connection, run_id: str, first_step: int, condition: str
) -> list[tuple[Any, ...]]:
    """Return the rows of these checkpoints after `first_step` batches, without their states, in order."""
    rows = database.execute(
        f"SELECT {_WITHOUT_STATE} FROM checkpoints WHERE run_id = ? AND {condition} AND step > ? ORDER BY step",
        (run_id, first_step),
    ).fetchall()
    return [row for row in rows if checkpoint_checksum(run_id, *row[:-1]) == row[-1]]
