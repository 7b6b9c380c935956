"""What the evidence is judged by: a race of ReLU and sigmoid, and the experiments that exist on this server."""

from collections.abc import Hashable
from dataclasses import dataclass

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from pages.parts.shared.race_snapshot import SHARED_SECONDS, TO_THE_END, RaceSnapshot, details_version, read_race


@dataclass(frozen=True)
class Trial:
    """The race at one moment, recorded or from the store, and the runs of the experiments."""

    race: RaceSnapshot
    tried: tuple[RunHistory, ...]


def read_trial(pair: tuple[RunConfig, ...], experiments: tuple[RunConfig, ...], max_age: float = 0.0) -> Trial:
    """Read the race and its experiments from the store. Raises StoreError."""
    tried = read_race(experiments, max_age=max_age).runs if experiments else ()
    return Trial(read_race(pair, TO_THE_END, max_age), tried)


def read_trial_live(pair: tuple[RunConfig, ...], experiments: tuple[RunConfig, ...]) -> Trial:
    """Read both for live updates, which share histories for a moment. Raises StoreError."""
    return read_trial(pair, experiments, SHARED_SECONDS)


def trial_version(trial: Trial) -> Hashable:
    """Return a value that changes when a run of the race or an experiment starts, finishes its first epoch or ends."""
    tried = tuple((run.run_id, run.status, bool(run.epochs)) for run in trial.tried)
    return details_version(trial.race), tried
