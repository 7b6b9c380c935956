"""The accuracy of each fork compared with its parent."""

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import came_to
from pages.parts.shared.histories import read_histories


def comparison(configs: tuple[RunConfig, ...]) -> tuple[str, ...]:
    """Return a sentence for each fork that has started. The first config is the parent's."""
    runs = read_histories(configs)
    parent = next((run for run in runs if run.config == configs[0]), None)
    return tuple(came_to(parent, run) for run in runs if parent and run is not parent)
