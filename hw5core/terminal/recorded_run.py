"""The run of the recorded race with an id, for commands that take the ids of runs."""

from hw5core.errors import StoreError
from hw5core.runs import recorded
from hw5core.runs.config import RunConfig


def recorded_run(run_id: str) -> RunConfig:
    """Return the run of the recorded race with an id that the store does not have. Raises StoreError."""
    for config in recorded.RACE:
        if config.run_id == run_id:
            return config
    raise StoreError(
        f"The store has no run {run_id[:40]!r}. `python -m hw5core train --json` prints the id of each run, and the "
        "page Runs shows them."
    )
