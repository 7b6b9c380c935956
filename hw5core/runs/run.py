"""What a run is and what it is doing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hw5core.runs.config import RunConfig


class Status(StrEnum):
    """What a run is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more comes unless somebody asks for it."""
        return self not in (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True)
class Run:
    """A run as the store knows it. `attempt` counts how often it was started or resumed: when it grows, records past
    the checkpoint were dropped, and a reader begins again. `message` says why a run failed. `created` and `changed`
    (of its status) are seconds since 1970; `server` is the presence token of the server that trains it, or trained it
    last; `name` is what its owner calls it, or nothing; `number` grows from run to run, whatever the clock does."""

    run_id: str
    config: RunConfig
    status: Status
    message: str
    attempt: int
    created: float = 0.0
    changed: float = 0.0
    server: str = ""
    name: str = ""
    number: int = 0


class Stamp(NamedTuple):
    """Of a finished run, equal stamps mean that it told nothing new."""

    status: Status
    attempt: int
    created: float
    changed: float
