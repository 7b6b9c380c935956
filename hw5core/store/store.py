"""The store of runs: every run's config, state, owners, records and checkpoints. No torch.

Written by engines alone, read by anyone at any time (write-ahead log). A run has one row, found by its id.
"""

import json
import sqlite3
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from hw5core.errors import NoCheckpointError
from hw5core.runs.config import Fork, RunConfig
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, Record, RunFinished, RunStarted, decode, encode
from hw5core.runs.run import Run, Stamp, Status
from hw5core.store import file as storefile
from hw5core.store.owners import LECTURER, is_guest
from hw5core.store.presence import is_alive

PAUSE_HELD_SECONDS = 3600.0
"""How long a paused run waits for its owner alone. After that whoever asks for it goes on with it: its owner may have
closed the page for good, and the same config must not stay out of everyone's reach."""

MAX_KEPT_BYTES = 64 * 1024**2
"""Room for one run's checkpoints of past epochs: all of them for the homework's network, fewer of a larger one."""

MAX_NAME = 60
"""The longest name of a run, in characters."""


class RunStore:
    """The SQLite file in `folder`, made when missing. Every call opens its own connection, so any thread may call; one
    more is held open as long as the store is in use.

    Raises StoreError, here and in every method, when the file cannot be used. `notice` is what people should be told
    about how it was opened: a damaged file was set aside.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs.sqlite"
        self.notice = storefile.prepare(self.path)
        weakref.finalize(self, storefile.held_open(self.path).close)

    def run(self, run_id: str) -> Run | None:
        """The run of this id, or None."""
        with storefile.connect(self.path) as database:
            return _run(database, run_id)

    def newest(self, most: int) -> list[tuple[Run, EpochResult | None]]:
        """The runs begun last, newest first, each with the result of its last epoch so far."""
        with storefile.connect(self.path) as database:
            query = f"SELECT {_COLUMNS} FROM runs ORDER BY rowid DESC LIMIT ?"
            runs = [_as_run(row) for row in database.execute(query, (most,)).fetchall()]
            return [(run, _last_epoch(database, run.run_id)) for run in runs]

    def claim(
        self, config: RunConfig, server: str = "", owner: str | None = None, status: Status = Status.WAITING
    ) -> bool:
        """Make the run this server's to train, from its newest checkpoint, or, PAUSED, to step; False if there is
        nothing to train: it is finished, another live server trains it, or it is paused and this is not its owner
        (the operator and the lecturer may do everything).

        Who asks for a run that is new or over owns it from then on; who joins one under way does not. Raises
        NoCheckpointError for a new branch that has nothing to go on from.
        """
        with storefile.connect(self.path) as database:
            # All of the decision in one write transaction: two servers never both claim a run.
            database.execute("BEGIN IMMEDIATE")
            run = _run(database, config.run_id)
            if run and not self._claimable(run, server, _owners(database, run.run_id), owner):
                return False
            if run is None or run.status.over:
                _own(database, config.run_id, owner)
            _claim(database, config, server, status)
            return True

    def _claimable(self, run: Run, server: str, owners: frozenset[str], owner: str | None) -> bool:
        match run.status:
            case Status.FINISHED:
                return False
            case Status.WAITING | Status.RUNNING:
                return run.server == server or not is_alive(self.folder, run.server)
            case Status.PAUSED:
                # A clock that was set back must not hold it for years.
                held = abs(time.time() - run.changed) < PAUSE_HELD_SECONDS
                return not is_guest(owner) or owner in owners or not held
            case _:
                return True

    def owners(self, run_id: str) -> frozenset[str]:
        """Who may stop, pause, resume, rename and delete the run."""
        with storefile.connect(self.path) as database:
            return _owners(database, run_id)

    def owned(self, owner: str) -> frozenset[str]:
        """The ids of the runs that this owner may stop, pause, resume, rename and delete."""
        with storefile.connect(self.path) as database:
            if is_guest(owner):
                rows = database.execute("SELECT run_id FROM owners WHERE owner = ?", (owner,)).fetchall()
            else:
                rows = database.execute("SELECT run_id FROM runs").fetchall()
        return frozenset(run_id for (run_id,) in rows)

    def rename(self, run_id: str, name: str) -> None:
        """Call the run by this name: plain text on one line, cut to MAX_NAME characters; an empty one takes the name
        away."""
        plain = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
        with storefile.connect(self.path) as database:
            database.execute("UPDATE runs SET name = ? WHERE run_id = ?", (plain[:MAX_NAME].strip(), run_id))

    def settled(self, run_id: str) -> bool:
        """Whether the run's newest checkpoint stands where its records end: for a moment after a pause it does not."""
        with storefile.connect(self.path) as database:
            return not _tells_from(database, run_id, _newest_step(database, run_id))

    def advance(self, run_id: str, records: Sequence[Record]) -> bool:
        """Keep what a paused run told, from RunStarted on, while it was stepped: all of it or nothing. False, and
        nothing kept, if the run is paused no longer or its newest checkpoint is not the one that was stepped from."""
        with storefile.connect(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            run, started = _run(database, run_id), records[0]
            assert isinstance(started, RunStarted)
            if run is None or run.status is not Status.PAUSED:
                return False
            if _newest_step(database, run_id) != started.first_step:
                return False
            # Nobody's reading begins anew for a step, unless the run does or something told has to go.
            begins = run.attempt == 0 or _tells_from(database, run_id, started.first_step)
            for record in records if begins else records[1:]:
                _take(database, run, record)
            finished = isinstance(records[-1], RunFinished)
            # A step too is a sign of life of the run's owner.
            _set_status(database, run_id, Status.FINISHED if finished else Status.PAUSED)
            return True

    def add(self, run_id: str, record: Record) -> Status | None:
        """Keep what a worker told of a run, and give the run's state after it: somebody may have paused or stopped it
        meanwhile, from another process too. None, and nothing kept, if the run was deleted.

        A RunStarted drops what an earlier attempt told from its first step on: that is about to be computed again.
        """
        with storefile.connect(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            run = _run(database, run_id)
            if run is None:
                return None
            _take(database, run, record)
            if isinstance(record, Checkpoint):
                return run.status
            status = Status.FINISHED if isinstance(record, RunFinished) else _once_told(run.status)
            if status is not run.status:
                _set_status(database, run_id, status)
            return status

    def fail(self, run_id: str, message: str) -> None:
        """Note that the run ended without its last epoch, and why. What it told is kept."""
        with storefile.connect(self.path) as database:
            _set_status(database, run_id, Status.FAILED, message)

    def halt(self, run_id: str, status: Status) -> None:
        """Note that the run is to be PAUSED or STOPPED, unless it has ended. The server that trains it sees it with
        the next record it keeps."""
        with storefile.connect(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            run = _run(database, run_id)
            if run and (not run.status.over or run.status is Status.PAUSED):
                _set_status(database, run_id, status)

    def delete(self, run_id: str) -> None:
        """Forget the run: records, checkpoints, owners and all."""
        with storefile.connect(self.path) as database:
            _delete(database, run_id)

    def make_room(self, most_bytes: int) -> bool:
        """Delete guests' runs, those first that told something longest ago, until all that is kept takes no more than
        so many bytes; whether it does then. A run stays that waits or is being trained, that the operator or the
        lecturer started, and, as long as others can go, that somebody has paused."""
        with storefile.connect(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            for (run_id,) in database.execute(_REMOVABLE, (LECTURER,)).fetchall():
                if storefile.used_bytes(database) <= most_bytes:
                    return True
                _delete(database, run_id)
            return storefile.used_bytes(database) <= most_bytes

    def guess(self, race: str, owner: str, lead: float) -> None:
        """Keep what this person expects of the race: its first network's lead in points of test accuracy at the end,
        below 0 if another wins. The first guess counts."""
        with storefile.connect(self.path) as database:
            database.execute("INSERT INTO guesses VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (race, owner, lead))

    def guesses(self, race: str) -> dict[str, float]:
        """Everybody's guess of the race, by owner."""
        with storefile.connect(self.path) as database:
            return dict(database.execute("SELECT owner, lead FROM guesses WHERE race = ?", (race,)).fetchall())

    def records(self, run_id: str, after: int = 0, lean: bool = False) -> tuple[list[Record], int]:
        """The run's records past cursor `after`, in order, and the cursor for the next call. Lean ones lack what each
        single image came to, which is most of them, and take a sixth of the time."""
        with storefile.connect(self.path) as database:
            return _records(database, run_id, after, lean)

    def news(self, run_id: str, after: int, lean: bool) -> tuple[Run | None, list[Record], int]:
        """The run, or None, and its `records`, asked for in one go."""
        with storefile.connect(self.path) as database:
            return _run(database, run_id), *_records(database, run_id, after, lean)

    def report_of(self, run_id: str, step: int) -> BatchLosses | None:
        """What the run told, last, of its batch `step` and of those around it; None if it has not."""
        with storefile.connect(self.path) as database:
            row = database.execute(
                "SELECT body FROM records WHERE run_id = ? AND position <= ? "
                """AND body LIKE '{"kind": "BatchLosses"%' ORDER BY position DESC, number DESC LIMIT 1""",
                (run_id, step),
            ).fetchone()
        report = decode(json.loads(row[0])) if row else None
        if isinstance(report, BatchLosses) and step < report.first_step + len(report.losses):
            return report
        return None

    def stamps(self, run_ids: Iterable[str]) -> dict[str, Stamp]:
        """What may have changed about these runs, of those that there are: quick to ask for many."""
        with storefile.connect(self.path) as database:
            rows = database.execute(
                "SELECT run_id, status, attempt, created, changed FROM runs "
                "WHERE run_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(run_ids)),),
            ).fetchall()
        return {run_id: Stamp(Status(status), *rest) for run_id, status, *rest in rows}

    def forkable_epochs(self, run_id: str) -> list[int]:
        """The epochs, from 0, whose ends a branch of this run may begin at: those with a checkpoint of its own."""
        with storefile.connect(self.path) as database:
            run = _run(database, run_id)
            rows = database.execute(
                "SELECT epoch FROM checkpoints WHERE run_id = ? AND epoch IS NOT NULL AND step > ? ORDER BY step",
                (run_id, run.config.first_step if run else 0),
            ).fetchall()
        return [epoch for (epoch,) in rows]

    def checkpoint(self, run_id: str) -> Checkpoint | None:
        """The run's newest checkpoint, or None."""
        with storefile.connect(self.path) as database:
            row = database.execute(
                "SELECT step, seconds, epoch_seconds, state, epoch FROM checkpoints WHERE run_id = ? "
                "ORDER BY step DESC LIMIT 1",
                (run_id,),
            ).fetchone()
        return Checkpoint(*row) if row else None


def _records(database: sqlite3.Connection, run_id: str, after: int, lean: bool) -> tuple[list[Record], int]:
    body = _LEAN_BODY if lean else "body"
    rows = database.execute(
        f"SELECT number, {body} FROM records WHERE run_id = ? AND number > ? ORDER BY number", (run_id, after)
    ).fetchall()
    return [decode(json.loads(body)) for _, body in rows], rows[-1][0] if rows else after


def _last_epoch(database: sqlite3.Connection, run_id: str) -> EpochResult | None:
    row = database.execute(
        # Not json_extract: SQLite takes no body for JSON that has a loss of NaN in it.
        """SELECT body FROM records WHERE run_id = ? AND body LIKE '{"kind": "EpochResult"%' """
        "ORDER BY number DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    result = decode(json.loads(row[0])) if row else None
    return result if isinstance(result, EpochResult) else None


# A body with a loss of NaN in it is no JSON to SQLite, and stays whole.
_LEAN_BODY = "CASE WHEN json_valid(body) THEN json_remove(body, '$.examples', '$.predictions') ELSE body END"

_COLUMNS = "run_id, config, status, message, attempt, created, changed, server, name, rowid"


def _run(database: sqlite3.Connection, run_id: str) -> Run | None:
    row = database.execute(f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return _as_run(row) if row else None


def _as_run(row: tuple[Any, ...]) -> Run:
    return Run(row[0], _config(row[1]), Status(row[2]), *row[3:])


@lru_cache(maxsize=256)
def _config(text: str) -> RunConfig:
    """Read once: whoever watches a run asks for it several times a second."""
    return RunConfig(**json.loads(text))


def _owners(database: sqlite3.Connection, run_id: str) -> frozenset[str]:
    rows = database.execute("SELECT owner FROM owners WHERE run_id = ?", (run_id,)).fetchall()
    return frozenset(owner for (owner,) in rows)


def _own(database: sqlite3.Connection, run_id: str, owner: str | None) -> None:
    if owner is not None:
        database.execute("INSERT INTO owners VALUES (?, ?) ON CONFLICT DO NOTHING", (run_id, owner))


def _claim(database: sqlite3.Connection, config: RunConfig, server: str, status: Status) -> None:
    now = time.time()
    database.execute(
        "INSERT INTO runs (run_id, config, status, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (config.run_id, json.dumps(asdict(config)), status, now),
    )
    database.execute("UPDATE runs SET server = ? WHERE run_id = ?", (server, config.run_id))
    _set_status(database, config.run_id, status)
    if config.fork:
        _graft(database, config.run_id, config.fork)


def _graft(database: sqlite3.Connection, run_id: str, fork: Fork) -> None:
    """Give a new branch a copy of the checkpoint it begins at: from then on it does not need its run any more."""
    if database.execute("SELECT 1 FROM checkpoints WHERE run_id = ?", (run_id,)).fetchone():
        return
    copied = database.execute(
        "INSERT INTO checkpoints (run_id, step, seconds, epoch_seconds, state, epoch) "
        "SELECT ?, step, seconds, epoch_seconds, state, epoch FROM checkpoints WHERE run_id = ? AND step = ?",
        (run_id, fork.parent.run_id, fork.step),
    )
    if not copied.rowcount:
        raise NoCheckpointError(
            f"The {fork.parent.label} run has no checkpoint of epoch {fork.epoch} to branch from in this server's "
            "store: it was deleted, or trained elsewhere. Train it again, or branch from another epoch."
        )


def _once_told(status: Status) -> Status:
    """A waiting run runs as soon as it tells something; one that was halted stays so while its last words arrive."""
    return Status.RUNNING if status is Status.WAITING else status


# Records are numbered as they come, so what is old is told without a clock.
_REMOVABLE = """
    SELECT run_id FROM runs WHERE status NOT IN ('waiting', 'running')
    AND EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id)
    AND NOT EXISTS (SELECT 1 FROM owners WHERE owners.run_id = runs.run_id AND owner = ?)
    ORDER BY status = 'paused', (SELECT max(number) FROM records WHERE records.run_id = runs.run_id)"""


def _delete(database: sqlite3.Connection, run_id: str) -> None:
    for table in ("runs", "records", "checkpoints", "owners"):
        database.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))


def _set_status(database: sqlite3.Connection, run_id: str, status: Status, message: str = "") -> None:
    database.execute(
        "UPDATE runs SET status = ?, message = ?, changed = ? WHERE run_id = ?", (status, message, time.time(), run_id)
    )


def _take(database: sqlite3.Connection, run: Run, record: Record) -> None:
    """Keep a record where its kind is kept."""
    if isinstance(record, Checkpoint):
        _keep_checkpoint(database, run.run_id, record, run.config.epochs)
        return
    if isinstance(record, RunStarted):
        _drop_from(database, run.run_id, record.first_step)
    _keep(database, run.run_id, record)


def _newest_step(database: sqlite3.Connection, run_id: str) -> int:
    """The batches done at the run's newest checkpoint; 0 without one."""
    row = database.execute("SELECT max(step) FROM checkpoints WHERE run_id = ?", (run_id,)).fetchone()
    return row[0] or 0


def _tells_from(database: sqlite3.Connection, run_id: str, step: int) -> bool:
    """Whether the run has told anything of batch `step` or a later one."""
    query = "SELECT 1 FROM records WHERE run_id = ? AND position >= ? LIMIT 1"
    return database.execute(query, (run_id, step)).fetchone() is not None


def _keep(database: sqlite3.Connection, run_id: str, record: Record) -> None:
    database.execute(
        "INSERT INTO records (run_id, position, body) VALUES (?, ?, ?)",
        (run_id, record.position, json.dumps(encode(record))),
    )


def _keep_checkpoint(database: sqlite3.Connection, run_id: str, checkpoint: Checkpoint, epochs: int) -> None:
    database.execute(
        "REPLACE INTO checkpoints (run_id, step, seconds, epoch_seconds, state, epoch) VALUES (?, ?, ?, ?, ?, ?)",
        (
            run_id,
            checkpoint.step,
            checkpoint.seconds,
            checkpoint.epoch_seconds,
            checkpoint.state,
            checkpoint.epoch,
        ),
    )
    # Of the earlier ones only those stay that end an epoch, and as many of them as there is room for.
    every = -(-len(checkpoint.state) * epochs // MAX_KEPT_BYTES)
    database.execute(
        "DELETE FROM checkpoints WHERE run_id = ? AND step < ? AND (epoch IS NULL OR (epoch + 1) % ? != 0)",
        (run_id, checkpoint.step, every),
    )


def _drop_from(database: sqlite3.Connection, run_id: str, step: int) -> None:
    database.execute("DELETE FROM records WHERE run_id = ? AND (position < 0 OR position >= ?)", (run_id, step))
    database.execute("DELETE FROM checkpoints WHERE run_id = ? AND step > ?", (run_id, step))
    database.execute("UPDATE runs SET attempt = attempt + 1 WHERE run_id = ?", (run_id,))
