"""The place of a waiting run in the queue, and when it is expected to start."""

from dataclasses import dataclass

from hw5core.runs.waiting import seconds_until_start
from pages.parts.shared.server import follower, started_engine


@dataclass(frozen=True)
class Place:
    """A position in the queue, from 1, and the expected minutes until the start, or None as long as it is unknown."""

    position: int
    minutes: int | None

    def __str__(self) -> str:
        start = "" if self.minutes is None else f", starts in about {max(1, self.minutes)} min"
        return f"position {self.position} in the queue{start}"


def place_of(run_id: str, max_age: float) -> Place | None:
    """Return the place of a run, or None if it does not wait for a worker.

    Histories that are at most `max_age` seconds old are not read again. Raises StoreError.
    """
    engine = started_engine()
    position = engine.place(run_id) if engine else None
    if engine is None or position is None:
        return None
    training, ahead = ([follower(one).read(max_age) for one in ids] for ids in engine.ahead(run_id))
    seconds = seconds_until_start([one for one in training if one], [one for one in ahead if one])
    # Whole minutes: a page is sent again only if they change.
    return Place(position, None if seconds is None else round(seconds / 60))
