"""The messages to the engine's writer thread."""

from concurrent.futures import Future
from dataclasses import dataclass

from hw5core.runs.records import EncodedRecord, Record


@dataclass(frozen=True)
class Report:
    """A record that a training reported. `token` names the training."""

    run_id: str
    token: str
    record: EncodedRecord


@dataclass(frozen=True)
class TrainingEnded:
    """The end of a training: `failure` is a sentence, or empty; `worker_died` means that the run can be continued."""

    run_id: str
    token: str
    failure: str = ""
    worker_died: bool = False


@dataclass(frozen=True)
class StepTrained:
    """The records of one step. `reply` gets True if they are stored, and False if the run has changed since."""

    run_id: str
    records: list[Record]
    reply: "Future[bool]"


@dataclass(frozen=True)
class WorkChanged:
    """A run needs a worker, or a slot is free."""


@dataclass(frozen=True)
class Close:
    """The last message."""


Message = Report | TrainingEnded | StepTrained | WorkChanged | Close
