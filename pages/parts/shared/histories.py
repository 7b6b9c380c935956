"""The histories of a race or a fork, and the versions that decide when a page redraws.

No function here uses the session, so one call serves all viewers.
"""

from collections.abc import Hashable

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import recorded_race
from pages.parts.shared.server import follower, started_engine

FRESH_SECONDS = 0.2
"""The age up to which a history is not read from the store again."""


def read_histories(
    configs: tuple[RunConfig, ...], recorded: bool = False, fresh_seconds: float = FRESH_SECONDS
) -> list[RunHistory]:
    """Return the history of each of these runs that the store has.

    If it has none of them and `recorded` is True, return the histories that are shipped with the app, if there are any.
    Raises StoreError.
    """
    histories = [history for config in configs if (history := follower(config.run_id).read(fresh_seconds))]
    return recorded_race(configs) if recorded and not histories else histories


def page_version(configs: tuple[RunConfig, ...]) -> Hashable:
    """Return a value that changes when the whole page has to be redrawn, buttons included: when training starts or
    ends, and when a run that is not in progress changes its status."""
    try:
        statuses = [run.status for run in read_histories(configs, fresh_seconds=0)]
    except StoreError as error:
        return str(error)
    return tuple(statuses) if all(status.over for status in statuses) else "active"


def details_version(configs: tuple[RunConfig, ...], batch: int | None) -> Hashable:
    """Return a value that changes when the part below the loss chart has to be redrawn: when a run starts, finishes its
    first epoch, trains a single step or ends, and when it has trained the opened `batch`."""
    try:
        runs = read_histories(configs)
    except StoreError as error:
        return str(error)
    engine = started_engine()
    states = [(run.status, run.run.attempt, run.started, run.stepped, bool(run.epochs)) for run in runs]
    return engine and engine.trouble, tuple(states), tuple(batch is not None and run.done > batch for run in runs)
