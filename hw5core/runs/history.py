"""What a run has told so far, folded from its records: what pages show and the terminal prints. No torch."""

from array import array
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
from hw5core.runs.run import Run, Status

RECENT_REPORTS = 25
"""Over how many of a run's reports its pace is taken: about five seconds."""


Moment = tuple[Status, int, int, int, int, float | None]
"""Status, attempt, batches, epochs, reports and seconds of a run: as long as they stay the same, there is nothing new
to show of it."""


@dataclass(eq=False)  # one that goes on changing is only equal to itself
class RunHistory:
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


def accuracy_lines(progress: RunHistory) -> list[str]:
    """The homework's lines: "ReLU accuracy of epoch 0: 97.37856984138489", in percent."""
    return [
        f"{progress.run.config.label} accuracy of epoch {result.epoch}: {result.test_accuracy}"
        for result in progress.epochs
    ]
