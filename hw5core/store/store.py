"""The store of runs: configs, statuses, owners, records and checkpoints, in one SQLite file.

Only engines write to it. Everybody else may read it at any time.
"""

import time
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from hw5core.errors import DamagedFileError, DamagedRunError, NoCheckpointError, StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import (
    BatchLosses,
    Checkpoint,
    EncodedRecord,
    EpochResult,
    Record,
    RunFinished,
    RunStarted,
    encode,
)
from hw5core.runs.run import Run, Stamp, Status
from hw5core.store import checkpoints, damage, tables, trash
from hw5core.store.connection import transaction, used_bytes
from hw5core.store.damage import Damage, sets_damage_aside
from hw5core.store.eviction import NO_SHARES, Shares, in_order_of_eviction, stored_runs
from hw5core.store.opening import hold_open, open_store
from hw5core.store.owners import is_guest
from hw5core.store.permissions import Action, may
from hw5core.store.presence import is_alive
from hw5core.store.tables import Cursor
from hw5core.store.trash import Deletion

MAX_NAME = 60
"""The greatest length of a run's name, in characters."""

SPARE = 0.1
"""The share of a full store that is freed at once: finding out which runs need how much space takes a while."""

_WITHOUT_STORE = "Start the app again: it recovers everything that can be read."


class RunStore:
    """The store in `folder`, which is created if it is missing. Threads and processes may share it.

    Every method opens its own connection, and raises StoreError if the file cannot be used. `notice` is a sentence for
    the users if the file was damaged and set aside, and empty otherwise.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs.sqlite"
        self._unreadable: dict[str, Damage] = {}
        self.notice = open_store(self.path)
        self.purge()
        weakref.finalize(self, hold_open(self.path))

    @sets_damage_aside
    def run(self, run_id: str) -> Run | None:
        """Return the run with this id, or None."""
        with transaction(self.path) as database:
            return tables.find_run(database, run_id)

    def newest(self, most: int) -> list[tuple[Run, EpochResult | None]]:
        """Return up to `most` runs, those created last first, each with the result of its last epoch or None."""
        with transaction(self.path) as database:
            database.execute("BEGIN")
            runs, damaged = tables.newest_runs(database, most)
        for error in damaged:
            self.set_aside(error)
        return [one for one in runs if one[0].run_id not in self._unreadable]

    @sets_damage_aside
    def claim(
        self,
        config: RunConfig,
        server: str = "",
        owner: str | None = None,
        status: Status = Status.WAITING,
        resume: bool = True,
    ) -> bool:
        """Assign the run to this server for training, or with the status PAUSED for single steps.

        Return False if there is nothing to train: the run is finished, another running server trains it, or it is
        paused and this user may not resume it. With `resume` False, return False also for any run that is not in
        progress.

        Starting a new run makes the user its owner, and starting or resuming any makes the user control it. Joining a
        running one does neither. A run that the operator (None) or the lecturer starts or resumes becomes theirs. Raise
        NoCheckpointError for a new fork if its parent's checkpoint is not in the store.
        """
        with transaction(self.path) as database:
            # Everything in one write transaction: two servers never both claim a run.
            database.execute("BEGIN IMMEDIATE")
            run = tables.find_run(database, config.run_id)
            if run is None and tables.is_known(database, config.run_id):
                damage.set_aside(database, config.run_id, "its settings and its status are missing")
            if not resume and (run is None or run.status.over):
                return False
            if run and not self._may_claim(run, server, tables.owners_of(database, run.run_id), owner):
                return False
            tables.insert_run(database, config, server, status)
            if run is None or run.status.over:
                tables.set_controller(database, config.run_id, owner, status)
                if run is None or not is_guest(owner):
                    tables.add_owner(database, config.run_id, owner)
            return True

    def _may_claim(self, run: Run, server: str, owners: frozenset[str], owner: str | None) -> bool:
        match run.status:
            case Status.FINISHED:
                return False
            case Status.WAITING | Status.RUNNING:
                return run.server == server or not is_alive(self.folder, run.server)
            case Status.PAUSED | Status.STOPPED | Status.FAILED:
                return may(Action.TRAIN, owner, run, owners)

    @sets_damage_aside
    def keep(self, run_ids: Iterable[str], owner: str | None = None) -> None:
        """Give the finished ones of these runs to the operator (None) or the lecturer, who has asked for them."""
        with transaction(self.path) as database:
            for run_id in run_ids:
                run = tables.find_run(database, run_id)
                if run and run.status is Status.FINISHED:
                    tables.add_owner(database, run_id, owner)

    def owners(self, run_id: str) -> frozenset[str]:
        """Return the owners of the run: the user who created it, and the operator or lecturer who has resumed it."""
        with transaction(self.path) as database:
            return tables.owners_of(database, run_id)

    def owned(self, owner: str | None) -> frozenset[str]:
        """Return the ids of the runs that this user may rename and delete."""
        with transaction(self.path) as database:
            return tables.owned_by(database, owner)

    @sets_damage_aside
    def permitted(self, action: Action, owner: str | None, run_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of those of the runs that the store has and on which this user may perform the action."""
        with transaction(self.path) as database:
            database.execute("BEGIN")
            runs = filter(None, [tables.find_run(database, run_id) for run_id in run_ids])
            return frozenset(
                run.run_id for run in runs if may(action, owner, run, tables.owners_of(database, run.run_id))
            )

    @sets_damage_aside
    def rename(self, run_id: str, name: str) -> None:
        """Set the run's name: one line of printable text, cut to MAX_NAME characters, or empty for no name."""
        printable = "".join(character if character.isprintable() else " " for character in name)
        cut = " ".join(printable.split())[:MAX_NAME].strip()
        with transaction(self.path) as database:
            tables.set_name(database, run_id, cut)

    def is_abandoned(self, run: Run) -> bool:
        """Return True if the run waits or trains according to the store, but its server has ended."""
        return not run.status.over and not is_alive(self.folder, run.server)

    def settled(self, run_id: str) -> bool:
        """Return True if the run's newest checkpoint is at the end of its records.

        Directly after a pause it is not: the last checkpoint is still on its way.
        """
        with transaction(self.path) as database:
            step = checkpoints.newest_checkpoint_step(database, run_id)
            return not tables.has_records_from(database, run_id, step)

    @sets_damage_aside
    def add(self, run_id: str, record: Record | EncodedRecord, created: float | None = None) -> Status | None:
        """Store a record that a worker reports, and return the run's status after it.

        The status may be PAUSED or STOPPED, also by another process. Return None, and store nothing, if the run was
        deleted, or deleted and created again at another time than `created`. A RunStarted deletes the records of an
        earlier attempt from its first step on.
        """
        encoded = record if isinstance(record, EncodedRecord) else encode(record)
        # Records make up almost all of the log, so only the thread that adds them ever waits for the disk.
        with transaction(self.path, may_checkpoint=True) as database:
            database.execute("BEGIN IMMEDIATE")
            run = tables.find_run(database, run_id)
            if run is None or created not in (None, run.created):
                return None
            tables.insert_record(database, run, encoded)
            status = run.status
            if encoded.is_a(RunFinished):
                status = Status.FINISHED
            elif status is Status.WAITING and not encoded.is_a(Checkpoint):
                status = Status.RUNNING
            if status is not run.status:
                tables.set_status(database, run_id, status)
            return status

    @sets_damage_aside
    def advance(self, run_id: str, records: Sequence[Record]) -> bool:
        """Store the records of a single step of a paused run: all of them or none. The first is a RunStarted.

        Return False, and store nothing, if the run is not paused any more, or if the step did not start from its newest
        checkpoint.
        """
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            run, started = tables.find_run(database, run_id), records[0]
            assert isinstance(started, RunStarted)
            if run is None or run.status is not Status.PAUSED:
                return False
            if checkpoints.newest_checkpoint_step(database, run_id) != started.first_step:
                return False
            # Without the RunStarted the attempt stays the same, so that readers need not read the run again.
            is_new_attempt = run.attempt == 0 or tables.has_records_from(database, run_id, started.first_step)
            for record in records if is_new_attempt else records[1:]:
                tables.insert_record(database, run, encode(record))
            is_finished = isinstance(records[-1], RunFinished)
            tables.set_status(database, run_id, Status.FINISHED if is_finished else Status.PAUSED)
            return True

    @sets_damage_aside
    def fail(self, run_id: str, message: str) -> None:
        """Mark the run as failed, with the reason. Its records stay."""
        with transaction(self.path) as database:
            tables.set_status(database, run_id, Status.FAILED, message)

    @sets_damage_aside
    def halt(self, run_id: str, status: Status, owner: str | None = None) -> None:
        """Mark the run as PAUSED or STOPPED, unless it has ended. From now on this user controls it.

        The server that trains it notices with the next record that it adds.
        """
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            run = tables.find_run(database, run_id)
            if run and (not run.status.over or run.status is Status.PAUSED):
                tables.set_status(database, run_id, status)
                tables.set_controller(database, run_id, owner, status)

    @sets_damage_aside
    def delete(self, run_id: str, reason: str = trash.BY_OWNER) -> None:
        """Delete the run with its records, checkpoints and owners. For a minute, `restore` can undo this."""
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            trash.purge(database)
            if tables.find_run(database, run_id):
                trash.move_to_trash(database, run_id, reason)

    @sets_damage_aside
    def restore(self, run_id: str) -> bool:
        """Undo the deletion of the run. Return False if it is final, or if the run was started again."""
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            return trash.restore(database, run_id)

    def deletions(self, run_ids: Iterable[str]) -> list[Deletion]:
        """Return the deletions of those of the runs that were deleted and not started again."""
        with transaction(self.path) as database:
            return trash.deletions_of(database, run_ids)

    def damages(self, run_ids: Iterable[str] | None = None) -> list[Damage]:
        """Return the damage of those of the runs that cannot be read, or of all of them."""
        wanted = None if run_ids is None else list(run_ids)
        with transaction(self.path) as database:
            found = damage.damages_in(database, wanted)
        return [*self._noted(wanted), *found]

    def absences(self, run_ids: Iterable[str]) -> tuple[list[Deletion], list[Damage]]:
        """Return why runs are not here: those that were deleted, and those that cannot be read."""
        ids = list(run_ids)
        with transaction(self.path) as database:
            deletions, damages = trash.deletions_of(database, ids), damage.damages_in(database, ids)
        return deletions, [*self._noted(ids), *damages]

    def _noted(self, run_ids: Collection[str] | None) -> list[Damage]:
        """Return the remembered damage of those of the runs that cannot be read, or of all of them."""
        noted = self._unreadable.copy()  # other threads may change it at this moment
        return [noted[one] for one in (noted if run_ids is None else run_ids) if one in noted]

    def set_aside(self, error: DamagedRunError) -> None:
        """Set a run aside if it is still damaged and the store's indexes are intact.

        If an index is damaged or the store cannot be written, remember that the run cannot be read.
        """
        try:
            with transaction(self.path) as database:
                database.execute("BEGIN IMMEDIATE")
                try:
                    tables.updates(database, error.run_id, Cursor(), lean=True)
                except DamagedRunError as still:
                    if tables.is_intact(database, error.run_id):
                        self._note(DamagedRunError(error.run_id, "an index of the store is damaged"))
                    else:
                        damage.set_aside(database, error.run_id, still.what)
        except StoreError:
            self._note(error)

    def _note(self, error: DamagedRunError) -> None:
        self._unreadable[error.run_id] = Damage(error.run_id, None, error.what, time.time(), _WITHOUT_STORE)

    def purge(self) -> bool:
        """Delete for good what can no longer be restored. Return True if something that can be restored is left."""
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            return trash.purge(database)

    @sets_damage_aside
    def make_room(
        self, most_bytes: int, shares: Shares = NO_SHARES, in_use: Callable[[], Collection[str]] = frozenset
    ) -> bool:
        """If the rows take up more than `most_bytes`, delete the trash for good, and then runs of guests.

        Return True if the rows take up at most `most_bytes` now. The order is that of `in_order_of_eviction`. Waiting
        and running runs stay, those whose ids `in_use` returns, and those of the operator and the lecturer.
        """
        with transaction(self.path) as database:
            if used_bytes(database) <= most_bytes:
                return True
            runs = stored_runs(database, shares.addresses)
        goal = most_bytes * (1 - SPARE)
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            trash.empty(database)
            # Asked only now: a step that begins later finds the run deleted, and starts it again.
            for run_id in in_order_of_eviction(runs, shares, in_use()):
                if used_bytes(database) <= goal:
                    break
                run = tables.find_run(database, run_id)
                # It may have been started since its size was read.
                if run and run.status.over:
                    trash.delete_for_good(database, run_id)
            return used_bytes(database) <= most_bytes

    def paused_by_guests(self) -> list[tuple[str, str]]:
        """Return the id and the controller of each run that a guest has paused, those that changed last first."""
        with transaction(self.path) as database:
            return tables.paused_by_guests(database)

    @sets_damage_aside
    def end_pauses(self, run_ids: Iterable[str]) -> None:
        """Mark those of the runs that are still paused as STOPPED."""
        with transaction(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            for run_id in run_ids:
                run = tables.find_run(database, run_id)
                if run and run.status is Status.PAUSED:
                    tables.set_status(database, run_id, Status.STOPPED)

    def guess(self, race: str, owner: str, lead: float) -> None:
        """Store a user's guess of a race: by how many points of test accuracy its first network wins at the end.

        A negative lead means that it loses. A second guess of the same user is ignored.
        """
        with transaction(self.path) as database:
            tables.insert_guess(database, race, owner, lead)

    def guesses(self, race: str) -> dict[str, float]:
        """Return all guesses of the race by owner."""
        with transaction(self.path) as database:
            return tables.guesses_of(database, race)

    def records(self, run_id: str, after: Cursor = Cursor()) -> tuple[list[Record], Cursor]:  # noqa: B008
        """Return the run's records after the cursor `after`, in order, and the cursor for the next call."""
        return self._updates(run_id, after, lean=False)[1:]

    def updates(self, run_id: str, after: Cursor, lean: bool) -> tuple[Run | None, list[Record], Cursor]:
        """Return the run, or None, with its records after the cursor and the next cursor, from one transaction.

        If the store has dropped records since, these are all records, and the new cursor has another start. Lean
        records lack the losses and predictions of single images. A run that is damaged is None from now on.
        """
        try:
            found = self._updates(run_id, after, lean)
            self._unreadable.pop(run_id, None)
            return found
        except DamagedRunError as error:
            if run_id not in self._unreadable:
                self._note(error)
        except DamagedFileError as error:
            self._note(DamagedRunError(run_id, f"SQLite cannot read all of its rows. {error}"))
        return None, [], Cursor()

    @sets_damage_aside
    def _updates(self, run_id: str, after: Cursor, lean: bool) -> tuple[Run | None, list[Record], Cursor]:
        with transaction(self.path) as database:
            database.execute("BEGIN")
            return tables.updates(database, run_id, after, lean)

    @sets_damage_aside
    def losses_of_batch(self, run_id: str, step: int) -> BatchLosses | None:
        """Return the record with the losses of batch `step`, or None if the run has not reported them yet."""
        with transaction(self.path) as database:
            return tables.losses_of_batch(database, run_id, step)

    def stamps(self, run_ids: Iterable[str]) -> dict[str, Stamp]:
        """Return the stamps of those of the runs that the store has. This is one fast query for many runs."""
        with transaction(self.path) as database:
            return tables.stamps_of(database, run_ids)

    @sets_damage_aside
    def forkable_epochs(self, run_id: str) -> list[int]:
        """Return the epochs, counted from 0, that the run has trained itself and whose checkpoints are in the store."""
        with transaction(self.path) as database:
            run = tables.find_run(database, run_id)
            return checkpoints.epochs_with_checkpoint(database, run_id, run.config.first_step if run else 0)

    @sets_damage_aside
    def kept_steps(self, run_id: str) -> list[int]:
        """Return after how many batches the run has a checkpoint that is kept: early ones, and ends of epochs.

        For a fork, these are the batches that it has trained itself.
        """
        with transaction(self.path) as database:
            run = tables.find_run(database, run_id)
            return checkpoints.kept_steps(database, run_id, run.config.first_step if run else 0)

    def checkpoint_at(self, run_id: str, step: int) -> Checkpoint | None:
        """Return the run's checkpoint after this many batches. None if it is missing or damaged."""
        with transaction(self.path) as database:
            return checkpoints.checkpoint_at(database, run_id, step)

    def checkpoint_of_epoch(self, run_id: str, epoch: int) -> Checkpoint | None:
        """Return the run's checkpoint at the end of this epoch, counted from 0. None if it is missing or damaged."""
        with transaction(self.path) as database:
            return checkpoints.checkpoint_of_epoch(database, run_id, epoch)

    @sets_damage_aside
    def checkpoint(self, run_id: str) -> Checkpoint | None:
        """Return the run's newest checkpoint that is intact, or None.

        Raise NoCheckpointError for a fork without any: it must not start from initial weights.
        """
        with transaction(self.path) as database:
            database.execute("BEGIN")
            run, checkpoint = tables.find_run(database, run_id), checkpoints.newest_checkpoint(database, run_id)
        if run and run.config.fork and checkpoint is None:
            raise NoCheckpointError(
                f"The checkpoint that the run {run.config.label} starts from is damaged. Start the run again."
            )
        return checkpoint
