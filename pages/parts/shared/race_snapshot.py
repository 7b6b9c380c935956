"""Everything that a page shows of a race at one moment. The fork page shows a fork and its parent in the same way."""

from collections.abc import Hashable
from dataclasses import dataclass

from hw5core.data.datasets import current_download
from hw5core.data.downloads import Download
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import is_recorded, recorded_race
from hw5core.runs.run import Status
from pages.parts.shared.queue_place import Place, place_of
from pages.parts.shared.server import follower, started_engine

SHARED_SECONDS = 0.2
"""The age in seconds up to which live updates use a history again."""


@dataclass(frozen=True)
class RaceSnapshot:
    """The runs of a race at one moment.

    `runs` holds the history of each config that has one, in the order of `configs`. `waits` holds what each of them
    waits for: its place in the queue, the download of its images, or nothing. `trouble` is the engine's error
    message, or empty.
    """

    configs: tuple[RunConfig, ...]
    runs: tuple[RunHistory, ...]
    waits: tuple[Place | Download | None, ...]
    trouble: str

    @property
    def recorded(self) -> bool:
        """True if the runs were trained elsewhere and are shipped with the app."""
        return any(map(is_recorded, self.runs))

    @property
    def active(self) -> bool:
        """True if a run of the race is waiting or being trained."""
        return any(not run.status.over for run in self.runs)

    @property
    def finished(self) -> bool:
        """True if all runs of the race are finished, here or elsewhere."""
        return len(self.runs) == len(self.configs) and all(run.status is Status.FINISHED for run in self.runs)


def read_race(configs: tuple[RunConfig, ...], recorded: bool = False, max_age: float = 0.0) -> RaceSnapshot:
    """Read the race from the store. Histories that are at most `max_age` seconds old are not read again.

    With `recorded`, a race without any run in the store has the histories that are shipped with the app, if there are
    any. Raises StoreError.
    """
    runs = [history for config in configs if (history := follower(config.run_id).read(max_age))]
    if recorded and not runs:
        runs = recorded_race(configs)
    engine = started_engine()
    waits = tuple(_waits_for(run, max_age) for run in runs)
    return RaceSnapshot(configs, tuple(runs), waits, engine.trouble if engine else "")


def read_race_live(configs: tuple[RunConfig, ...], recorded: bool = False) -> RaceSnapshot:
    """Read the race for live updates, which share histories for a moment. Raises StoreError."""
    return read_race(configs, recorded, SHARED_SECONDS)


def page_version(race: RaceSnapshot, configs: tuple[RunConfig, ...]) -> Hashable:
    """Return a value that changes when a page with the buttons of these configs has to be redrawn: when training starts
    or ends, and when an inactive run changes its status."""
    runs = [run for run in race.runs if run.config in configs]
    active = any(not run.status.over for run in runs)
    return "active" if active else (race.recorded, tuple(run.status for run in runs))


def details_version(race: RaceSnapshot, batch: int | None) -> Hashable:
    """Return a value that changes when the part below the loss chart has to be redrawn: when a run starts, finishes its
    first epoch, trains a single step or ends, and when it has trained the opened `batch`."""
    states = [(run.status, run.run.attempt, run.started, run.stepped, bool(run.epochs)) for run in race.runs]
    return race.trouble, tuple(states), tuple(batch is not None and run.done > batch for run in race.runs)


def _waits_for(run: RunHistory, max_age: float) -> Place | Download | None:
    if run.status is not Status.WAITING:
        return None
    return place_of(run.run_id, max_age) or current_download(run.config.dataset)
