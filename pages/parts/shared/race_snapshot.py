"""Everything that a page shows of a race at one moment. The fork page shows a fork and its parent in the same way."""

import time
from collections.abc import Hashable
from dataclasses import dataclass

from hw5core.data.datasets import current_download
from hw5core.data.downloads import Download
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import is_recorded, recorded_race
from hw5core.runs.run import Status
from hw5core.store.damage import Damage
from hw5core.store.trash import Deletion
from pages.parts.shared.queue_place import Place, place_of
from pages.parts.shared.server import follower, run_store, started_engine

SHARED_SECONDS = 0.2
"""The age in seconds up to which live updates use a history again."""

PLAY_SECONDS = 24.0
"""How long a recorded race plays."""

PLAY_FRAMES = 48
"""The number of different states that it shows: two per second, as often as live updates are sent."""

TO_THE_END = 0.0
"""The time from which a recorded race plays that is shown to its end."""


@dataclass(frozen=True)
class RaceSnapshot:
    """The runs of a race at one moment.

    `runs` holds the history of each config that has one, in the order of `configs`. `waits` holds what each of them
    waits for: its place in the queue, the download of its images, or nothing. `trouble` is the engine's error
    message, or empty. `deletions` are those of runs that somebody deleted and nobody started again, `damages` those of
    runs that cannot be read. `abandoned` holds the ids of active runs whose server has ended.
    """

    configs: tuple[RunConfig, ...]
    runs: tuple[RunHistory, ...]
    waits: tuple[Place | Download | None, ...]
    trouble: str
    deletions: tuple[Deletion, ...] = ()
    damages: tuple[Damage, ...] = ()
    abandoned: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        """True if the runs were trained elsewhere, and the app has their recording."""
        return any(map(is_recorded, self.runs))

    @property
    def active(self) -> bool:
        """True if a run of the race is waiting or being trained here."""
        return not self.recorded and any(not run.status.over for run in self.runs)

    @property
    def finished(self) -> bool:
        """True if all runs of the race are finished, here or elsewhere."""
        return len(self.runs) == len(self.configs) and all(run.status is Status.FINISHED for run in self.runs)


def read_race(configs: tuple[RunConfig, ...], played: float | None = None, max_age: float = 0.0) -> RaceSnapshot:
    """Read the race from the store. Histories that are at most `max_age` seconds old are not read again.

    A race without any run in the store has the recorded histories, if there are any and `played`
    is not None: they are played from the time `played` on, in seconds since 1970. Raises StoreError.
    """
    runs = [history for config in configs if (history := follower(config.run_id).read(max_age))]
    found = {run.run_id for run in runs}
    missing = tuple(config.run_id for config in configs if config.run_id not in found)
    deletions, damages = run_store().absences(missing) if missing else ([], [])
    if played is not None and not runs:
        runs = recorded_race(configs, _played_share(played))
    engine = started_engine()
    waits = tuple(_waits_for(run, max_age) for run in runs)
    trouble = engine.trouble if engine else ""
    abandoned = tuple(run.run_id for run in runs if run_store().is_abandoned(run.run))
    return RaceSnapshot(configs, tuple(runs), waits, trouble, tuple(deletions), tuple(damages), abandoned)


def read_race_live(configs: tuple[RunConfig, ...], played: float | None = None) -> RaceSnapshot:
    """Read the race for live updates, which share histories for a moment. Raises StoreError."""
    return read_race(configs, played, SHARED_SECONDS)


def _played_share(played: float) -> float:
    """Return the share of the batches that a recording which plays from the time `played` on shows now.

    There are few different shares, so that all viewers share the same charts. The first batches play slowly, because a
    network may learn within a few hundred of them.
    """
    frame = min(PLAY_FRAMES, int((time.time() - played) / PLAY_SECONDS * PLAY_FRAMES))
    return (max(0, frame) / PLAY_FRAMES) ** 2


def page_version(race: RaceSnapshot, configs: tuple[RunConfig, ...]) -> Hashable:
    """Return a value that changes when a page with the buttons of these configs has to be redrawn.

    That is when training starts or ends, when an inactive run changes its status, when a run is deleted or cannot be
    restored any more, when one cannot be read, and when the server that trains one ends: a redrawn page continues it.
    """
    runs = [run for run in race.runs if run.config in configs]
    active = any(not run.status.over for run in runs)
    abandoned = tuple(run.run_id for run in runs if run.run_id in race.abandoned)
    state = abandoned or "active" if active else tuple(run.status for run in runs)
    return race.recorded, race.deletions, race.damages, state


def details_version(race: RaceSnapshot) -> Hashable:
    """Return a value that changes when the part below the loss chart has to be redrawn: when a run starts, finishes its
    first epoch, trains a single step or ends."""
    states = [(run.status, run.run.attempt, run.started, run.stepped, bool(run.epochs)) for run in race.runs]
    return race.trouble, tuple(states)


def batch_version(race: RaceSnapshot, batch: int | None) -> Hashable:
    """Return a value that changes when the part with the batch has to be redrawn: when a run trains a single step, and
    when it has trained the opened `batch`."""
    shown = [(run.run_id, run.stepped, batch is not None and run.done > batch) for run in race.runs]
    return tuple(one for one in shown if one[1] or one[2])


def _waits_for(run: RunHistory, max_age: float) -> Place | Download | None:
    if run.status is not Status.WAITING:
        return None
    return place_of(run.run_id, max_age) or current_download(run.config.dataset)
