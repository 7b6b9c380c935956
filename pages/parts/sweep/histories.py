"""The histories of a sweep's runs, and the versions that decide when its page redraws.

No function here uses the session, so one call serves all viewers.
"""

from collections.abc import Hashable, Mapping

from hw5core.errors import StoreError
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.server import group_follower, planned, started_engine

Runs = Mapping[str, RunHistory]
"""The histories of a sweep's runs by run id, as far as the store has them."""


def read_histories(sweep: Sweep, fresh: bool = False) -> Runs:
    """Return the histories of the sweep's runs. Unless `fresh` is True, they may be a moment old. Raises StoreError."""
    return group_follower(tuple(sweep.run_ids.values())).read(fresh)


def is_active(sweep: Sweep, runs: Runs) -> bool:
    """Return True if the sweep reports more records without a click: a run is in progress or planned."""
    return any(not run.status.over for run in runs.values()) or bool(planned().keys() & sweep.run_ids.values())


def page_version(sweep: Sweep) -> Hashable:
    """Return a value that changes when the whole page has to be redrawn, buttons included: when the sweep starts or
    ends, and when a run of an inactive sweep changes its status."""
    try:
        runs = read_histories(sweep, fresh=True)
    except StoreError as error:
        return str(error)
    return "active" if is_active(sweep, runs) else tuple((run_id, run.status) for run_id, run in runs.items())


def results_version(sweep: Sweep) -> Hashable:
    """Return a value that changes when a run starts, ends, or finishes an epoch."""
    try:
        runs = read_histories(sweep)
    except StoreError as error:
        return str(error)
    return tuple((run_id, run.status, len(run.epochs)) for run_id, run in runs.items())


def problems(sweep: Sweep) -> tuple[str, ...]:
    """Return the errors to show: of the store, of the engine while the sweep is active, and of failed runs."""
    try:
        runs = read_histories(sweep)
    except StoreError as error:
        return (str(error),)
    engine = started_engine()
    trouble = [engine.trouble] if engine and engine.trouble and is_active(sweep, runs) else []
    failed = [f"A run failed: {run.message}" for run in runs.values() if run.status is Status.FAILED]
    return tuple(dict.fromkeys([*trouble, *failed]))
