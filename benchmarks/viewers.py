"""A class that watches one running race: the server's cost per update, updates per viewer, and the loss of training
speed.

The viewers are real websocket sessions in this process. They use the same cores as the server and the workers, so they
slow down training too; a note says how much time they need. The comparison without viewers uses the same sessions on
another page.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measurement import Measurement, Target, measured, ratio_over
from hw5core.data.datasets import is_available
from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import Visitor, visitor

VIEWERS = 100
ROUNDS_ALONE, ROUNDS = 5, 3
WINDOW_SECONDS = 20.0
"""About one epoch. Windows with no evaluation, or with two, would not be comparable."""

SETTLE_SECONDS = 3.0
AT_ONCE = 10
EPOCHS = 30
"""Long enough for all windows, so that the charts are half full on average, as in a race."""


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
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, process):
        return asyncio.run(_measure(address, process.pid, Path(home)))


async def _measure(address: str, server: int, home: Path) -> list[Measurement]:
    config = RunConfig(dataset="mnist", epochs=EPOCHS)
    query = f"dataset={config.dataset}&epochs-{config.dataset}={config.epochs}"
    async with AsyncExitStack() as hall:
        viewers = [await hall.enter_async_context(visitor(address, "train", query))]
        await viewers[0].until_drawn(1)
        await viewers[0].press("Start the race")
        await viewers[0].until(lambda one: _updates(one) > 5)
        store = RunStore(home)
        meter = _Meter(server, [Follower(store, run.run_id, lean=True) for run in race(config)])
        alone = [window async for window in _rounds(ROUNDS_ALONE, meter, viewers, query)]
        while len(viewers) < VIEWERS:
            few = min(AT_ONCE, VIEWERS - len(viewers))
            entered = [await hall.enter_async_context(visitor(address, "train", query)) for _ in range(few)]
            for one in entered:
                await one.until_drawn(1)
            viewers += entered
        crowd = [window async for window in _rounds(ROUNDS, meter, viewers, query)]
    return [
        _cost("one viewer, one update", alone[::2], alone[1::2]),
        _cost(f"one of {VIEWERS} viewers, one update", crowd[::2], crowd[1::2]),
        _rate(crowd[1::2]),
        _slowing(crowd[::2], crowd[1::2]),
    ]


async def _rounds(rounds: int, meter: "_Meter", viewers: Sequence[Visitor], query: str) -> AsyncIterator["_Window"]:
    """Measure windows, alternately with the viewers on another page and watching the race."""
    for _ in range(rounds):
        for page, page_query in ("count", ""), ("train", query):
            for first in range(0, len(viewers), AT_ONCE):
                await asyncio.gather(*(one.open(page, page_query) for one in viewers[first : first + AT_ONCE]))
            yield await meter.window(viewers)


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


def _cost(what: str, without: Sequence[_Window], watched: Sequence[_Window]) -> Measurement:
    spent = [
        1000 * (window.server - idle.server) / sum(window.updates)
        for idle, window in zip(without, watched, strict=True)
    ]
    return measured(f"{what}: processor time of the server", spent, "ms", Target(10))


def _rate(windows: Sequence[_Window]) -> Measurement:
    """Return the updates per second over all viewers and windows."""
    rates = [rate for window in windows for rate in window.updates]
    server = sum(window.server for window in windows) / len(windows)
    what = f"{VIEWERS} viewers of one running race: updates per viewer"
    return measured(what, rates, "per second", Target(1, least=True), note=f"the server used {server:.2f} cores")


def _slowing(without: Sequence[_Window], with_all: Sequence[_Window]) -> Measurement:
    steps, before = [one.steps for one in with_all], [one.steps for one in without]
    own = sum(window.visitors for window in with_all) / len(with_all)
    return measured(
        f"training with {VIEWERS} viewers: steps of both networks",
        steps,
        "per second",
        ratio=ratio_over(steps, "without viewers", before, Target(0.85, least=True)),
        note=f"the viewers used {own:.2f} cores",
    )
