"""The accuracy of each fork compared with its parent."""

from hw5core.runs.forks import compare_with_parent
from pages.parts.shared.race_snapshot import RaceSnapshot


def comparison(race: RaceSnapshot) -> tuple[str, ...]:
    """Return a sentence for each fork that has started. The first config of the race is the parent's."""
    parent = next((run for run in race.runs if run.config == race.configs[0]), None)
    return tuple(compare_with_parent(parent, run) for run in race.runs if parent and run is not parent)
