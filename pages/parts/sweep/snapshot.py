"""Everything that a page shows of a sweep at one moment."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Sweep
from hw5core.store.damage import Damage
from pages.parts.shared.server import group_follower, planned, run_store, started_engine


@dataclass(frozen=True)
class SweepSnapshot:
    """The runs of a sweep at one moment.

    `runs` holds the history of each run that has one, and `plans` the owner of each run that is planned, both by run
    id. `trouble` is the engine's error message, or empty. `deleted` holds the ids of runs that somebody deleted and
    nobody started again, `damages` what happened to runs that cannot be read. `abandoned` is True if the server of an
    active run has ended.
    """

    sweep: Sweep
    runs: Mapping[str, RunHistory]
    plans: Mapping[str, str | None]
    trouble: str
    deleted: frozenset[str] = frozenset()
    damages: tuple[Damage, ...] = ()
    abandoned: bool = False

    @property
    def active(self) -> bool:
        """True if the sweep reports more records without a click: a run is waiting, being trained, or planned."""
        return bool(self.plans) or any(not run.status.over for run in self.runs.values())

    @property
    def unfinished(self) -> list[RunConfig]:
        """The configs of the runs that are not finished."""
        return self.sweep.unfinished(self.runs)

    @property
    def problems(self) -> tuple[str, ...]:
        """The errors to show: of the engine while the sweep is active, and of runs that failed or cannot be read."""
        trouble = [self.trouble] if self.trouble and self.active else []
        failed = [f"A run failed: {run.message}" for run in self.runs.values() if run.status is Status.FAILED]
        damaged = [f"A run cannot be read: {one.what}. {one.advice}" for one in self.damages]
        return tuple(dict.fromkeys([*trouble, *failed, *damaged]))


def read_sweep(sweep: Sweep, fresh: bool = True) -> SweepSnapshot:
    """Read the sweep from the store. Unless `fresh` is True, its histories may be a moment old. Raises StoreError."""
    ids = tuple(sweep.run_ids.values())
    plans = planned()
    engine = started_engine()
    runs = group_follower(ids).read(fresh)
    missing = [run_id for run_id in ids if run_id not in runs and run_id not in plans]
    deletions, damages = run_store().absences(missing) if missing else ([], [])
    return SweepSnapshot(
        sweep,
        runs,
        {run_id: plans[run_id] for run_id in ids if run_id in plans},
        engine.trouble if engine else "",
        frozenset(one.run_id for one in deletions),
        tuple(damages),
        any(run_store().is_abandoned(run.run) for run in runs.values()),
    )


def read_sweep_live(sweep: Sweep) -> SweepSnapshot:
    """Read the sweep for live updates, which share histories for a moment. Raises StoreError."""
    return read_sweep(sweep, fresh=False)


def page_version(snapshot: SweepSnapshot) -> Hashable:
    """Return a value that changes when the whole page has to be redrawn, buttons included.

    That is when the sweep starts or ends, when a run of an inactive sweep changes its status, and when the server that
    trains one ends: a redrawn page continues it.
    """
    return (
        ("active", snapshot.abandoned)
        if snapshot.active
        else tuple((run_id, run.status) for run_id, run in snapshot.runs.items())
    )


def results_version(snapshot: SweepSnapshot) -> Hashable:
    """Return a value that changes when a run starts, ends, or finishes an epoch."""
    return tuple((run_id, run.status, len(run.epochs)) for run_id, run in snapshot.runs.items())
