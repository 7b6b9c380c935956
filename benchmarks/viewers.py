"""A class that watches one running race: what one viewer's update costs the server, how often each of a hundred is
served, and by how much training slows meanwhile.

The viewers are real websocket sessions. They live in this process, on the same cores as server and workers, so what
they need themselves weighs on training too; the note says how much that is. How it is without them is measured with the
same sessions on another page.
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

from benchmarks.measurement import Measurement, Promise, measured, ratio_over
from hw5core.data.datasets import at_hand
from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from tools.live import serving
from tools.visitor import Visitor, visitor

VIEWERS = 100
ROUNDS_ALONE, ROUNDS = 5, 3
WINDOW_SECONDS = 20.0
"""As long as an epoch takes: a window without its evaluation, or with two, would say nothing of the steps' pace."""

SETTLE_SECONDS = 3.0
AT_ONCE = 10
EPOCHS = 30
"""Half as long again as all of it takes here: so the charts are half full on average, as they are in a race."""


@dataclass(frozen=True)
class _Window:
    """What happened in one stretch of time: per second the training steps of both networks, the processor seconds of
    the server and of this process; and how many updates each viewer got."""

    steps: float
    server: float
    visitors: float
    updates: list[float]


def measure() -> list[Measurement]:
    """All of it on one server with one race on MNIST; nothing where that is not at hand, since no other lasts long
    enough."""
    if not at_hand("mnist"):
        print("  left out: it needs MNIST (HW5_DATA)", file=sys.stderr)
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
        _cost("one viewer's update", alone[::2], alone[1::2]),
        _cost(f"an update of one of {VIEWERS} viewers", crowd[::2], crowd[1::2]),
        _rate(crowd[1::2]),
        _slowing(crowd[::2], crowd[1::2]),
    ]


async def _rounds(rounds: int, meter: "_Meter", viewers: Sequence[Visitor], query: str) -> AsyncIterator["_Window"]:
    """Windows in which the viewers are elsewhere and in which they watch, by turns."""
    for _ in range(rounds):
        for page, asked in ("count", ""), ("training", query):
            for first in range(0, len(viewers), AT_ONCE):
                await asyncio.gather(*(one.open(page, asked) for one in viewers[first : first + AT_ONCE]))
            yield await meter.window(viewers)


class _Meter:
    """Measures windows of one race on one server."""

    def __init__(self, server: int, followers: Sequence[Follower]) -> None:
        self._server, self._own = psutil.Process(server), psutil.Process()
        self._followers = followers

    async def window(self, viewers: Sequence[Visitor]) -> _Window:
        """One stretch, after everything has come to rest."""
        await asyncio.sleep(SETTLE_SECONDS)
        before, updates, begin = self._counts(), list(map(_updates, viewers)), time.monotonic()
        await asyncio.sleep(WINDOW_SECONDS)
        passed = time.monotonic() - begin
        steps, server, own = ((now - then) / passed for now, then in zip(self._counts(), before, strict=True))
        got = [(_updates(one) - had) / passed for one, had in zip(viewers, updates, strict=True)]
        return _Window(steps, server, own, got)

    def _counts(self) -> tuple[float, float, float]:
        stories = [story for follower in self._followers if (story := follower.read())]
        if any(story.status.over for story in stories):
            raise RuntimeError("The race ended while it was measured: this machine is fast, raise EPOCHS.")
        steps = sum(len(story.losses) for story in stories)
        return steps, _seconds(self._server), _seconds(self._own)


def _updates(viewer: Visitor) -> int:
    """How often the viewer was sent what changes all the time: the element that is sent most often."""
    return max(viewer.sent.values(), default=0)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cost(what: str, without: Sequence[_Window], watched: Sequence[_Window]) -> Measurement:
    spent = [
        1000 * (window.server - idle.server) / sum(window.updates)
        for idle, window in zip(without, watched, strict=True)
    ]
    return measured(f"{what}: processor time of the server", spent, "ms", Promise(10))


def _rate(windows: Sequence[_Window]) -> Measurement:
    """Over all viewers and windows: the median viewer's updates."""
    rates = [rate for window in windows for rate in window.updates]
    server = sum(window.server for window in windows) / len(windows)
    what = f"{VIEWERS} viewers of one running race: updates each gets"
    return measured(what, rates, "a second", Promise(1, least=True), note=f"server on {server:.2f} of the cores")


def _slowing(without: Sequence[_Window], with_all: Sequence[_Window]) -> Measurement:
    steps, before = [one.steps for one in with_all], [one.steps for one in without]
    own = sum(window.visitors for window in with_all) / len(with_all)
    return measured(
        f"training with {VIEWERS} viewers: steps of both networks",
        steps,
        "a second",
        ratio=ratio_over(steps, "without viewers", before, Promise(0.85, least=True)),
        note=f"the visitors' own process on {own:.2f} of the cores",
    )
