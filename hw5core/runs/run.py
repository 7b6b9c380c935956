"""A run as the store knows it, and its status."""

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
        """True if the run reports nothing more unless somebody starts it again."""
        return self not in (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True)
class Run:
    """A run, without its records.

    `message` is the reason why a run failed. `attempt` counts how often it was started or resumed: a new attempt drops
    the records after its checkpoint, so readers have to read all records again. `created` and `changed` (the last
    change of the status) are seconds since 1970. `server` is the presence token of the server that trains the run or
    trained it last. `name` is the name that its owner gave it, or empty. `controller` is the token of the user who
    started, resumed, stepped or paused it last. `first_pause` is when a guest paused it for the first time, or 0; it is
    LONG_AGO if the run was deleted and started again.
    `number` is larger for runs created later, also if the clock was set back.
    """

    run_id: str
    config: RunConfig
    status: Status
    message: str
    attempt: int
    created: float = 0.0
    changed: float = 0.0
    server: str = ""
    name: str = ""
    controller: str = ""
    first_pause: float = 0.0
    number: int = 0

    @property
    def was_deleted(self) -> bool:
        """True if the run was deleted and started again."""
        return self.first_pause == LONG_AGO


LONG_AGO = 1.0
"""A time in 1970, in place of the first pause of a run that was deleted before.

Otherwise a guest could pause a race, delete it, start it and pause it again, without an end.
"""


class Stamp(NamedTuple):
    """The state of a run in a few values. If a finished run's stamp stays the same, it has no new records."""

    status: Status
    attempt: int
    created: float
    changed: float
