"""A class that watches one running race: the server's cost per update, updates per viewer, and the loss of training
speed.

The viewers are real websocket sessions in this process. They use the same cores as the server and the workers, so they
slow down training too; a note says how much time they need. The comparison is with the windows before they come and
after they have left.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import psutil

from benchmarks.measurement import Measurement, Target, measured, ratio_over
from hw5core.data.datasets import is_available
from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from pages.parts.shared.capacity import raise_file_limit
from tools.live import serving
from tools.visitor import Visitor, browser_cookie, visitor

VIEWERS = 1_000
ROUNDS = 2
"""Windows before the viewers come, while they watch, and after they have left."""

WINDOW_SECONDS = 20.0
"""About one epoch. Windows with no evaluation, or with two, would not be comparable."""

SETTLE_SECONDS = 3.0
AT_ONCE = 10
EPOCHS = 100
"""Long enough for all windows, also while a thousand pages open."""


@dataclass(frozen=True)
class _Window:
    """Rates per second in one period: training steps of both networks, processor seconds of the server and of this
    process, and the updates of each viewer."""

    steps: float
    server: float
    visitors: float
    updates: list[float]


def measure() -> list[Measurement]:
    """Measure everything with one race on MNIST on one server. Measure nothing without MNIST: other races are too
    short."""
    if not is_available("mnist"):
        print("  skipped: viewers needs MNIST (HW5_DATA)", file=sys.stderr)
        return []
    raise_file_limit()  # each viewer is an open file
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, process):
        return asyncio.run(_measure(address, process.pid, Path(home)))


async def _measure(address: str, server: int, home: Path) -> list[Measurement]:
    config = RunConfig(dataset="mnist", epochs=EPOCHS)
    query = f"dataset={config.dataset}&epochs-{config.dataset}={config.epochs}"
    async with visitor(address, "train", query) as lecturer:
        await lecturer.until_drawn(1)
        await lecturer.press("Start the race")
        await lecturer.until(lambda one: _updates(one) > 5)
        store = RunStore(home)
        meter = _Meter(server, [Follower(store, run.run_id, lean=True) for run in race(config)])
        await lecturer.open("count")
        before = [await meter.window([]) for _ in range(ROUNDS)]
        async with AsyncExitStack() as hall:
            viewers = [viewer async for viewer in _arriving(hall, address, query)]
            crowd = [await meter.window(viewers) for _ in range(ROUNDS)]
        after = [await meter.window([]) for _ in range(ROUNDS)]
        await lecturer.open("train", query)
        await lecturer.press("Stop")
    alone = [one for pair in zip(before, after, strict=True) for one in pair]
    return [_cost(alone, crowd), _rate(crowd), _slowing(alone, crowd)]


async def _arriving(hall: AsyncExitStack, address: str, query: str) -> AsyncIterator[Visitor]:
    """Open the race for all viewers, a few at a time."""
    for first in range(0, VIEWERS, AT_ONCE):
        cookies = [browser_cookie(number) for number in range(first, min(first + AT_ONCE, VIEWERS))]
        entered = [await hall.enter_async_context(visitor(address, "train", query, cookie)) for cookie in cookies]
        for one in entered:
            await one.until_drawn(1)
            yield one


class _Meter:
    """Measures windows of one race on one server."""

    def __init__(self, server: int, followers: Sequence[Follower]) -> None:
        self._server, self._own = psutil.Process(server), psutil.Process()
        self._followers = followers

    async def window(self, viewers: Sequence[Visitor]) -> _Window:
        """Measure one window, after the pages are drawn."""
        await asyncio.sleep(SETTLE_SECONDS)
        before, updates, start = self._counts(), list(map(_updates, viewers)), time.monotonic()
        await asyncio.sleep(WINDOW_SECONDS)
        passed = time.monotonic() - start
        steps, server, own = ((now - then) / passed for now, then in zip(self._counts(), before, strict=True))
        got = [(_updates(one) - had) / passed for one, had in zip(viewers, updates, strict=True)]
        return _Window(steps, server, own, got)

    def _counts(self) -> tuple[float, float, float]:
        histories = [history for follower in self._followers if (history := follower.read())]
        if any(history.status.over for history in histories):
            raise RuntimeError("The race ended before all windows were measured. Raise EPOCHS.")
        steps = sum(len(history.losses) for history in histories)
        return steps, _seconds(self._server), _seconds(self._own)


def _updates(viewer: Visitor) -> int:
    """Return how often the viewer received the element that changes most often."""
    return max(viewer.element_updates.values(), default=0)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cost(alone: Sequence[_Window], watched: Sequence[_Window]) -> Measurement:
    idle = median(window.server for window in alone)
    spent = [1000 * (window.server - idle) / sum(window.updates) for window in watched]
    return measured(f"one of {VIEWERS:,} viewers, one update: processor time of the server", spent, "ms", Target(10))


def _rate(windows: Sequence[_Window]) -> Measurement:
    """Return the updates per second over all viewers and windows."""
    rates = [rate for window in windows for rate in window.updates]
    server = sum(window.server for window in windows) / len(windows)
    what = f"{VIEWERS:,} viewers of one running race: updates per viewer"
    return measured(what, rates, "per second", Target(1, least=True), note=f"the server used {server:.2f} cores")


def _slowing(alone: Sequence[_Window], watched: Sequence[_Window]) -> Measurement:
    """Return the pace of the training, and its ratio to the mean of the windows before and after it."""
    steps = [one.steps for one in watched]
    undisturbed = mean(one.steps for one in alone)
    own = sum(window.visitors for window in watched) / len(watched)
    return measured(
        f"training with {VIEWERS:,} viewers: steps of both networks",
        steps,
        "per second",
        ratio=ratio_over(steps, "without viewers", [undisturbed] * len(steps), Target(0.9, least=True)),
        note=f"the viewers used {own:.2f} cores",
    )
