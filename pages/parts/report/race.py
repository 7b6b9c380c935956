"""The race of the report: its choice, and when it has to be drawn again."""

from collections.abc import Hashable

from hw5core.runs.catalogue import Listed
from hw5core.runs.config import RunConfig
from pages.parts.shared.race_choice import chosen_race_of_server
from pages.parts.shared.race_snapshot import RaceSnapshot

_MAX_NETWORKS = 6


def chosen_race_of_report() -> tuple[RunConfig, ...]:
    """Draw the choice among all races of the server, finished or not. Raises StoreError."""
    gone = "it was deleted, or nobody has started it"
    return chosen_race_of_server("race of the report", _any_run, _MAX_NETWORKS, gone)


def _any_run(_: Listed) -> bool:
    """Return True: a report also says what is missing of a race."""
    return True


def contents_version(race: RaceSnapshot) -> Hashable:
    """Return a value that changes when a run starts, finishes an epoch or ends. Single batches do not redraw it."""
    return tuple((run.run_id, run.status, len(run.epochs)) for run in race.runs)
