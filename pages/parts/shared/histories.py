"""What the store tells of a race, and what of it a page has to be drawn anew for. Nothing here needs a session: it is
asked once for all who watch.
"""

from collections.abc import Hashable, Sequence

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import recorded_race
from hw5core.runs.run import Status
from pages.parts.shared.server import follower, started_engine

FRESH_SECONDS = 0.2
"""How old a story may be: what is drawn within this time shares one reading of the store."""


def histories(
    configs: tuple[RunConfig, ...], recorded: bool = False, fresh_seconds: float = FRESH_SECONDS
) -> list[RunHistory]:
    """What the store has of these runs; of a race that nobody has begun here what is shipped as `recorded`, if that is
    wanted. Raises StoreError."""
    read = [follower(config.run_id).read(fresh_seconds) for config in configs]
    found = [progress for progress in read if progress]
    return recorded_race(configs) if recorded and not found else found


def rests(runs: Sequence[RunHistory]) -> bool:
    """Whether it is paused."""
    return any(run.run.status is Status.PAUSED for run in runs)


def where_it_stands(configs: tuple[RunConfig, ...]) -> Hashable:
    """What the whole page depends on, its buttons too: whether the race goes on, and otherwise how each run rests."""
    try:
        statuses = [run.run.status for run in histories(configs, fresh_seconds=0)]
    except StoreError as error:
        return str(error)
    return tuple(statuses) if all(status.over for status in statuses) else "it goes on"


def what_has_ended(configs: tuple[RunConfig, ...], batch: int | None) -> object:
    """What changes when a run begins, has its first epoch behind it, is moved on by one step, or ends, and when the
    opened `batch` has been trained."""
    try:
        runs = histories(configs)
    except StoreError as error:
        return str(error)
    engine = started_engine()
    told = [(run.moment[:2], run.started, run.stepped, bool(run.epochs)) for run in runs]
    return engine and engine.trouble, tuple(told), [batch is not None and run.done > batch for run in runs]
