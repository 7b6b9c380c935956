"""When a run that waits for a worker is expected to start."""

import heapq
from collections.abc import Sequence

from hw5core.runs.history import RunHistory


def seconds_until_start(training: Sequence[RunHistory], ahead: Sequence[RunHistory]) -> float | None:
    """Return in how many seconds the run behind these runs gets a worker, or None as long as that is unknown.

    `training` are the runs that have a worker, and `ahead` those that wait before it, in the order of the queue. Assume
    that each batch of a waiting run takes as long as one of those that train, in the mean.
    """
    left = [history.seconds_left for history in training]
    paces = [1 / history.steps_per_second for history in training if history.steps_per_second]
    if not left or not paces or any(seconds is None for seconds in left):
        return None
    free = [seconds for seconds in left if seconds is not None]
    heapq.heapify(free)
    pace = sum(paces) / len(paces)
    for history in ahead:
        # The worker that is free first takes the next run.
        heapq.heapreplace(free, free[0] + pace * (history.config.total_steps - history.done))
    return free[0]
