"""What the store tells of a sweep, and what of it a page has to be drawn anew for. Nothing here needs a session: it is
asked once for all who watch.
"""

from collections.abc import Hashable, Mapping

from hw5core.errors import StoreError
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.server import group_follower, planned, started_engine

Runs = Mapping[str, RunHistory]
"""By their ids, those of a sweep's runs that the store knows."""


def histories(sweep: Sweep, fresh: bool = False) -> Runs:
    """What the store has of these runs: of this moment, or, for those who only watch, of the moment before. Raises
    StoreError."""
    return group_follower(tuple(sweep.run_ids.values())).read(fresh)


def going(sweep: Sweep, runs: Runs) -> bool:
    """Whether anything more comes without being asked for."""
    return any(not run.run.status.over for run in runs.values()) or bool(planned().keys() & sweep.run_ids.values())


def where_it_stands(sweep: Sweep) -> Hashable:
    """What the whole page depends on, its buttons too: whether the sweep goes on, and otherwise how each run rests."""
    try:
        runs = histories(sweep, fresh=True)
    except StoreError as error:
        return str(error)
    return "it goes on" if going(sweep, runs) else tuple((run_id, run.run.status) for run_id, run in runs.items())


def what_has_ended(sweep: Sweep) -> Hashable:
    """What changes when a run begins or ends, or has another epoch behind it."""
    try:
        runs = histories(sweep)
    except StoreError as error:
        return str(error)
    return tuple((run_id, run.run.status, len(run.epochs)) for run_id, run in runs.items())


def what_went_wrong(sweep: Sweep) -> tuple[str, ...]:
    """A sentence each: of the store, of the engine while anything is under way, of runs that failed."""
    try:
        runs = histories(sweep)
    except StoreError as error:
        return (str(error),)
    engine = started_engine()
    trouble = [engine.trouble] if engine and engine.trouble and going(sweep, runs) else []
    failed = [f"A run failed: {run.run.message}" for run in runs.values() if run.run.status is Status.FAILED]
    return tuple(dict.fromkeys([*trouble, *failed]))
