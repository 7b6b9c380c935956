"""A hundred sessions that start, stop, reload and vanish: the app goes on, and every race that is wanted ends."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hw5core.runs.run import Run, Status
from tests.served.conftest import Server, browser_cookie
from tools.visitor import Visitor, visitor
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

BROWSERS = 65
"""With the reloads of every other one of them that makes a hundred sessions."""

AT_ONCE = 25
"""How many are let in at a time: the doors of a lecture hall, and two cores that a test shares with others."""

SEEDS = 3
QUERY = "network=1x28x28+flatten+relu+linear10&epochs-digits=1&seed="


def test_a_hundred_sessions_come_and_go_and_every_race_that_runs_ends(server: Server) -> None:
    assert asyncio.run(_crowd(server.address)) >= 98
    store = server.store

    def stored() -> list[Run]:
        return [run for run, _ in store.newest(1_000)]

    wait_until(lambda: all(run.status.over for run in stored()), lambda: f"a race was lost: {stored()}")
    runs = stored()
    assert {run.status for run in runs} <= {Status.FINISHED, Status.STOPPED, Status.PAUSED}
    assert len(runs) == 2 * SEEDS
    asyncio.run(_a_race_of_ones_own(server.address))
    assert _threads(server.process.pid) < 150, "sessions that are gone left their threads behind"


async def _crowd(address: str) -> int:
    """Everybody comes and goes; how many sessions that made."""
    doors = asyncio.Semaphore(AT_ONCE)

    async def through_the_door(number: int) -> int:
        async with doors:
            return await _come_and_go(address, number, random.Random(number))

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as crowd:
        visits = [crowd.create_task(through_the_door(number)) for number in range(BROWSERS)]
    return sum(visit.result() for visit in visits)


async def _come_and_go(address: str, number: int, dice: random.Random) -> int:
    """One browser's visit; how many sessions it held."""
    cookie, query = browser_cookie(number), f"{QUERY}{dice.randrange(SEEDS)}"
    async with _visit(address, query, cookie) as tab:
        await _press_one_of(tab, "Start the race", "Continue")
        await asyncio.sleep(dice.uniform(0, 1))
        match number % 4:
            case 0:
                tab.vanish()
            case 1:
                await _press_one_of(tab, dice.choice(["Stop", "Pause", "Delete"]))
            case _:
                return 1
    # The reload of a page: the same browser, another session.
    async with _visit(address, query, cookie) as tab:
        await _press_one_of(tab, "Continue")
        await asyncio.sleep(dice.uniform(0, 0.5))
    return 2


@asynccontextmanager
async def _visit(address: str, query: str, cookie: str) -> AsyncIterator[Visitor]:
    async with visitor(address, "train", query, cookie) as tab:
        await tab.until_drawn(1)
        yield tab
        assert not tab.exceptions


async def _press_one_of(tab: Visitor, *labels: str) -> None:
    for label in labels:
        if label in tab.buttons:
            runs = len(tab.page_runs)
            await tab.press(label)
            await tab.until_drawn(runs + 1)
            return


async def _a_race_of_ones_own(address: str) -> None:
    async with _visit(address, f"{QUERY}{SEEDS}", browser_cookie(BROWSERS)) as tab:
        await _press_one_of(tab, "Start the race")
        await tab.until(lambda tab: "Finished. Results below" in tab.text())


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
