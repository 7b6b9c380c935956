"""Many runs at one moment, as the Sweep page and the rescues show them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.store.damage import Damage
from pages.parts.shared.server import group_follower, planned, run_store, started_engine


@dataclass(frozen=True)
class GroupSnapshot:
    """The runs of these configs at one moment.

    `runs` holds the history of each run that has one, and `plans` the owner of each run that is planned, both by run
    id. `trouble` is the engine's error message, or empty. `deleted` holds the ids of runs that somebody deleted and
    nobody started again, `damages` what happened to runs that cannot be read. `abandoned` is True if the server of an
    active run has ended.
    """

    configs: tuple[RunConfig, ...]
    runs: Mapping[str, RunHistory]
    plans: Mapping[str, str | None]
    trouble: str
    deleted: frozenset[str] = frozenset()
    damages: tuple[Damage, ...] = ()
    abandoned: bool = False

    @property
    def active(self) -> bool:
        """True if the runs report more records without a click: one is waiting, being trained, or planned."""
        return bool(self.plans) or any(not run.status.over for run in self.runs.values())

    @property
    def unfinished(self) -> list[RunConfig]:
        """The configs of the runs that are not finished."""
        finished = {run_id for run_id, run in self.runs.items() if run.status is Status.FINISHED}
        return [config for config in self.configs if config.run_id not in finished]

    @property
    def problems(self) -> tuple[str, ...]:
        """The errors to show: of the engine while runs are active, and of runs that failed or cannot be read."""
        trouble = [self.trouble] if self.trouble and self.active else []
        failed = [f"A run failed: {run.message}" for run in self.runs.values() if run.status is Status.FAILED]
        damaged = [f"A run cannot be read: {one.what}. {one.advice}" for one in self.damages]
        return tuple(dict.fromkeys([*trouble, *failed, *damaged]))


def read_group(configs: tuple[RunConfig, ...], fresh: bool = True) -> GroupSnapshot:
    """Read the runs from the store. Unless `fresh` is True, their histories may be a moment old. Raises StoreError."""
    ids = tuple(config.run_id for config in configs)
    plans = planned()
    engine = started_engine()
    runs = group_follower(ids).read(fresh)
    missing = [run_id for run_id in ids if run_id not in runs and run_id not in plans]
    deletions, damages = run_store().absences(missing) if missing else ([], [])
    return GroupSnapshot(
        configs,
        runs,
        {run_id: plans[run_id] for run_id in ids if run_id in plans},
        engine.trouble if engine else "",
        frozenset(one.run_id for one in deletions),
        tuple(damages),
        any(run_store().is_abandoned(run.run) for run in runs.values()),
    )


def activity_version(snapshot: GroupSnapshot) -> Hashable:
    """Return a value that changes when the buttons have to be redrawn.

    That is when the runs start or end together, when one of inactive runs changes its status, and when the server that
    trains one ends: a redrawn page continues it.
    """
    if snapshot.active:
        return "active", snapshot.abandoned
    return tuple((run_id, run.status) for run_id, run in snapshot.runs.items())


def results_version(snapshot: GroupSnapshot) -> Hashable:
    """Return a value that changes when a run starts, ends, or finishes an epoch."""
    return tuple((run_id, run.status, len(run.epochs)) for run_id, run in snapshot.runs.items())
