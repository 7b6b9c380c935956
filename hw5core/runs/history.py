"""What a run has told so far, folded from its records: what pages show and the terminal prints. No torch."""

import math
import threading
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from hw5core.runs.records import (
    BatchLosses,
    EpochResult,
    LayerStatistics,
    MeasuredStep,
    Record,
    RunFinished,
    RunStarted,
)
from hw5core.store.store import Run, RunStore, Stamp, Status

REST_SECONDS = 0.4
"""How old the answer may be that many watchers of the same runs are given."""

RECENT_REPORTS = 25
"""Over how many of a run's reports its pace is taken: about five seconds."""


Moment = tuple[Status, int, int, int, int, float | None]
"""Status, attempt, batches, epochs, reports and seconds of a run: as long as they stay the same, there is nothing new
to show of it."""


@dataclass(eq=False)  # one that goes on changing is only equal to itself
class Progress:
    """A run's story up to now. `losses` holds one training loss per batch, from `first_step` on, without gaps;
    `examples` the loss of every image in the order of training, each epoch `images_per_epoch` of them; `clock` the
    batches done and the seconds spent by then, now and then; `statistics` how the layers fared, every so many batches;
    `measured` the last batch that the run was moved on by alone."""

    run: Run
    started: RunStarted | None = None
    losses: "array[float]" = field(default_factory=lambda: array("d"))
    examples: "array[float]" = field(default_factory=lambda: array("f"))
    clock: list[tuple[int, float]] = field(default_factory=lambda: [(0, 0.0)])
    statistics: list[LayerStatistics] = field(default_factory=list)
    measured: MeasuredStep | None = None
    epochs: list[EpochResult] = field(default_factory=list)
    seconds: float | None = None

    def fold(self, record: Record) -> None:
        """Add what one record tells."""
        match record:
            case RunStarted():
                self.started = record
            case BatchLosses():
                self.losses.extend(record.losses)
                self.examples.extend(record.examples)
                if record.seconds is not None:
                    self._note_time(record.seconds)
            case LayerStatistics():
                self.statistics.append(record)
            case MeasuredStep():
                self.measured = record
            case EpochResult():
                self.epochs.append(record)
            case RunFinished():
                self.seconds = record.seconds

    def _note_time(self, seconds: float) -> None:
        if len(self.clock) == 1 and self.first_step:
            # A branch's clock goes on from its parent's, of which its first report is the first it hears.
            self.clock = [(self.first_step, seconds)]
        self.clock.append((self.done, seconds))

    @property
    def first_step(self) -> int:
        """The number of the batch that the first of the losses belongs to: of a branch, where it begins."""
        return self.run.config.first_step

    @property
    def done(self) -> int:
        """Batches trained up to now; of a branch, those of the run it comes from before it among them."""
        return self.first_step + len(self.losses)

    @property
    def steps_per_second(self) -> float | None:
        """The pace of the last few seconds of training, or None before there is one."""
        (before, then), (steps, now) = self.clock[-RECENT_REPORTS:][0], self.clock[-1]
        return (steps - before) / (now - then) if now > then else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest of the run takes at its mean pace so far, or None before there is one."""
        steps, spent = self.clock[-1]
        return spent / steps * (self.run.config.total_steps - steps) if steps else None

    @property
    def moment(self) -> Moment:
        told = len(self.losses), len(self.epochs), len(self.clock), self.seconds
        return self.run.status, self.run.attempt, *told

    @property
    def stepped(self) -> MeasuredStep | None:
        """The run's newest batch, if it was moved on by this one alone."""
        return self.measured if self.measured and self.measured.step == self.done - 1 else None

    @property
    def fraction(self) -> float:
        """How much of the run is done, from 0 to 1."""
        return self.done / self.run.config.total_steps


class Follower:
    """Follows one run in the store; each `read` costs only what is new. Any number of threads may share one. A lean one
    leaves out what each single image came to: `examples` stays empty."""

    def __init__(self, store: RunStore, run_id: str, lean: bool = False) -> None:
        self._store = store
        self._run_id = run_id
        self._lean = lean
        self._cursor = 0
        self._progress: Progress | None = None
        self._lock = threading.Lock()
        self._read_at = -math.inf

    def read(self, fresh_seconds: float = 0.0) -> Progress | None:
        """The run's story up to now, or None while the store does not know the run. What was read less than
        `fresh_seconds` ago is not read again: many who watch share one reading."""
        with self._lock:
            if time.monotonic() - self._read_at < fresh_seconds:
                return self._progress
            self._read_at = time.monotonic()
            run, records, cursor = self._store.news(self._run_id, self._cursor, self._lean)
            if run and self._progress and _begun(self._progress.run) != _begun(run):
                self._progress = None
                run, records, cursor = self._store.news(self._run_id, 0, self._lean)
            if run is None:
                self._progress, self._cursor = None, 0
                return None
            self._progress, self._cursor = self._progress or Progress(run), cursor
            self._progress.run = run
            for record in records:
                self._progress.fold(record)
            return self._progress


class GroupFollower:
    """Follows many runs at once, leanly. A `read` costs one question for all of them, and more only for those that tell
    something; within REST_SECONDS of the last one it costs nothing. Any number of threads may share one."""

    def __init__(self, store: RunStore, run_ids: Iterable[str]) -> None:
        self._store = store
        self._followers = {run_id: Follower(store, run_id, lean=True) for run_id in run_ids}
        self._lock = threading.Lock()
        self._read = -REST_SECONDS
        self._stamps: dict[str, Stamp] = {}
        self._found: dict[str, Progress] = {}

    def read(self, fresh: bool = False) -> dict[str, Progress]:
        """The story up to now of each run that the store knows, by its id; `fresh` asks the store in any case."""
        with self._lock:
            if fresh or time.monotonic() - self._read >= REST_SECONDS:
                self._found = self._newest()
                self._read = time.monotonic()
            return self._found

    def _newest(self) -> dict[str, Progress]:
        stamps, before = self._store.stamps(self._followers), self._stamps
        self._stamps = stamps
        found = {}
        for run_id, follower in self._followers.items():
            stamp = stamps.get(run_id)
            # A run that was stopped may still tell its last words.
            told_all = stamp and stamp.status is Status.FINISHED and stamp == before.get(run_id)
            story = self._found.get(run_id) if told_all else follower.read() if stamp else None
            if story:
                found[run_id] = story
        return found


def _begun(run: Run) -> tuple[float, int]:
    """What changes when records were dropped: the attempt, or, of a run deleted and asked for anew, its creation."""
    return run.created, run.attempt


def accuracy_lines(progress: Progress) -> list[str]:
    """The homework's lines: "ReLU accuracy of epoch 0: 97.37856984138489", in percent."""
    return [
        f"{progress.run.config.label} accuracy of epoch {result.epoch}: {result.test_accuracy}"
        for result in progress.epochs
    ]
