"""How the branches of a run stand beside it now."""

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import came_to
from pages.parts.shared.histories import histories


def standing(configs: tuple[RunConfig, ...]) -> tuple[str, ...]:
    """A sentence for each branch that has begun; the first of these configs is the run's."""
    runs = histories(configs)
    parent = next((run for run in runs if run.run.config == configs[0]), None)
    return tuple(came_to(parent, branch) for branch in runs if parent and branch is not parent)
