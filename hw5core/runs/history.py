"""The history of a run: everything known about it so far, as an immutable snapshot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hw5core.runs.config import RunConfig
from hw5core.runs.records import (
    BatchLosses,
    Checkpoint,
    EpochResult,
    LayerReport,
    LayerStatistics,
    MeasuredStep,
    Record,
    RunFinished,
    RunStarted,
)
from hw5core.runs.run import Run, Status

RECENT_REPORTS = 100
"""Number of reports over which the current speed is measured: about twenty seconds of training.

Fewer would follow each evaluation, and more would be slow to follow the load of the machine.
"""


class Version(NamedTuple):
    """The version of a run's history. Equal versions of one run mean that there is nothing new to show."""

    created: float
    attempt: int
    changed: float
    status: Status
    name: str
    records: int
    done: int


@dataclass(frozen=True, eq=False)  # compare identities: a follower returns the same object while nothing is new
class RunHistory:
    """Everything known about a run at one moment. It never changes: later records give a new history.

    `losses` holds the mean loss (nats) of each batch from `first_step` on. `examples` holds the loss of each image in
    the order of training, `images_per_epoch` of them per epoch; it is empty if the history was read without them.
    `clock` holds pairs of batches done and seconds of training. `measured` is the last batch that was trained as a
    single step. `records` is the number of records that the history was made from.
    """

    run: Run
    started: RunStarted | None = None
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    examples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    clock: Sequence[tuple[int, float]] = ((0, 0.0),)
    statistics: Sequence[LayerStatistics] = ()
    measured: MeasuredStep | None = None
    epochs: Sequence[EpochResult] = ()
    seconds: float | None = None
    records: int = 0

    @property
    def config(self) -> RunConfig:
        return self.run.config

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def label(self) -> str:
        """The label of the run's config, such as "ReLU"."""
        return self.run.config.label

    @property
    def name(self) -> str:
        """The name that the run's owner gave it, or an empty string."""
        return self.run.name

    @property
    def status(self) -> Status:
        return self.run.status

    @property
    def message(self) -> str:
        """Why the run failed, or an empty string."""
        return self.run.message

    @property
    def version(self) -> Version:
        run = self.run
        return Version(run.created, run.attempt, run.changed, run.status, run.name, self.records, self.done)

    @property
    def first_step(self) -> int:
        """The number of the first batch in `losses`: 0, or the batch at which a fork starts."""
        return self.run.config.first_step

    @property
    def done(self) -> int:
        """Number of batches trained so far. A fork also counts the batches of its parent before the fork."""
        return self.first_step + len(self.losses)

    @property
    def steps_per_second(self) -> float | None:
        """The speed over the last RECENT_REPORTS reports, or None before the first report."""
        (before, then), (steps, now) = self.clock[-RECENT_REPORTS:][0], self.clock[-1]
        return (steps - before) / (now - then) if now > then else None

    @property
    def seconds_left(self) -> float | None:
        """The estimated time to the end of the run at its current speed, or None before the first report."""
        speed = self.steps_per_second
        return (self.run.config.total_steps - self.done) / speed if speed else None

    @property
    def stepped(self) -> MeasuredStep | None:
        """The run's newest batch if it was trained as a single step, otherwise None."""
        return self.measured if self.measured and self.measured.step == self.done - 1 else None

    @property
    def fraction(self) -> float:
        """The share of the run's batches that are done, from 0 to 1."""
        return self.done / self.run.config.total_steps


class HistoryBuilder:
    """Builds the histories of one run from its records, which arrive in order and in parts."""

    def __init__(self, config: RunConfig) -> None:
        self._first_step = config.first_step
        self._started: RunStarted | None = None
        self._losses = _AppendOnlyArray(np.float64)
        self._examples = _AppendOnlyArray(np.float32)
        self._clock: list[tuple[int, float]] = [(0, 0.0)]
        self._statistics: list[LayerStatistics] = []
        self._measured: MeasuredStep | None = None
        self._epochs: list[EpochResult] = []
        self._seconds: float | None = None
        self._records = 0

    def add(self, records: Iterable[Record]) -> None:
        """Append records that follow those added before."""
        for record in records:
            self._records += 1
            match record:
                case RunStarted():
                    self._started = record
                case BatchLosses():
                    self._losses.extend(record.losses)
                    self._examples.extend(record.examples)
                    if record.seconds is not None:
                        self._add_time(record.seconds)
                case LayerStatistics():
                    self._statistics.append(record)
                case LayerReport():
                    self._statistics.extend(record.batches)
                case MeasuredStep():
                    self._measured = record
                case EpochResult():
                    self._epochs.append(record)
                case RunFinished():
                    self._seconds = record.seconds
                case Checkpoint():
                    pass  # training continues from it, but it is no part of what is shown

    def _add_time(self, seconds: float) -> None:
        if len(self._clock) == 1 and self._first_step:
            # A fork's clock continues its parent's, and the fork's first report is the first reading of it.
            self._clock = [(self._first_step, seconds)]
        self._clock.append((self._first_step + len(self._losses), seconds))

    def history(self, run: Run) -> RunHistory:
        """Return the history of all records so far. It shares their memory, and records added later do not change it.

        `run` is the run as it is now.
        """
        return RunHistory(
            run,
            self._started,
            self._losses.view(),
            self._examples.view(),
            tuple(self._clock),
            tuple(self._statistics),
            self._measured,
            tuple(self._epochs),
            self._seconds,
            self._records,
        )


class _AppendOnlyArray:
    """A growing array. Views of it are read-only, and stay as they are when values are appended."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._buffer = np.empty(256, dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, values: Sequence[float]) -> None:
        end = self._length + len(values)
        if end > len(self._buffer):
            larger = np.empty(2 * end, self._buffer.dtype)
            larger[: self._length] = self._buffer[: self._length]
            self._buffer = larger
        with np.errstate(over="ignore"):  # a loss beyond float32 is infinite there
            self._buffer[self._length : end] = values
        self._length = end

    def view(self) -> NDArray[Any]:
        view = self._buffer[: self._length]
        view.flags.writeable = False
        return view


def history_of(run: Run, records: Iterable[Record]) -> RunHistory:
    """Return the history of a run with these records."""
    builder = HistoryBuilder(run.config)
    builder.add(records)
    return builder.history(run)


def history_until(history: RunHistory, done: int) -> RunHistory:
    """Return the history of a finished run as that of a running one, after its first `done` batches.

    It has no losses of single images.
    """
    if done >= len(history.losses):
        return history
    steps = history.first_step + done
    return replace(
        history,
        run=replace(history.run, status=Status.RUNNING),
        losses=history.losses[:done],
        examples=history.examples[:0],
        clock=tuple(reading for reading in history.clock if reading[0] <= steps),
        statistics=tuple(one for one in history.statistics if one.step < steps),
        epochs=tuple(one for one in history.epochs if one.last_step < steps),
        seconds=None,
    )


def accuracy_lines(history: RunHistory) -> list[str]:
    """Return the homework's lines, in percent: "ReLU accuracy of epoch 0: 97.37856984138489"."""
    return [f"{history.label} accuracy of epoch {result.epoch}: {result.test_accuracy}" for result in history.epochs]
