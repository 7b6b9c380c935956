"""A hundred sessions that start, stop, reload and vanish: the server goes on, and every race ends."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Run, Status
from tests.served.conftest import Server
from tools.visitor import Visitor, browser_cookie, visitor
from tools.waiting import wait_until

pytestmark = pytest.mark.slow

BROWSERS = 65
"""Half of them reload the page, which makes about a hundred sessions."""

AT_ONCE = 25
"""The number of browsers at the same time: a test shares two cores with other tests."""

SEEDS = 3
NETWORK = "1x28x28 flatten relu linear10"
EPOCHS = 10
"""So many that visitors find races that still train, and can stop or pause them."""

QUERY = f"network={NETWORK.replace(' ', '+')}&epochs-digits={EPOCHS}&seed="


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The server starts its own workers, as it does for a class."""
    return {}


def test_the_server_survives_a_hundred_sessions_and_every_race_ends(server: Server) -> None:
    assert asyncio.run(_crowd(server.address)) >= 98
    store = server.store

    def stored() -> list[Run]:
        return [run for run, _ in store.newest(1_000)]

    wait_until(lambda: all(run.status.over for run in stored()), lambda: f"a race does not end: {stored()}")
    assert {run.status for run in stored()} <= {Status.FINISHED, Status.STOPPED, Status.PAUSED}
    configs = {
        config
        for seed in range(SEEDS)
        for config in race(RunConfig(network=NETWORK, epochs=EPOCHS, learning_rate=0.05, seed=seed))
    }
    assert {run.config for run in stored()} <= configs
    asyncio.run(_run_a_race(server.address))
    # The threads of sessions that are gone have ended.
    threads = psutil.Process(server.process.pid).num_threads
    wait_until(lambda: threads() < 150, lambda: f"{threads()} threads")


async def _crowd(address: str) -> int:
    """Let all browsers come and go. Return the number of their sessions."""
    doors = asyncio.Semaphore(AT_ONCE)

    async def enter(number: int) -> int:
        async with doors:
            return await _come_and_go(address, number, random.Random(number))

    async with asyncio.TaskGroup() as crowd:
        visits = [crowd.create_task(enter(number)) for number in range(BROWSERS)]
    return sum(visit.result() for visit in visits)


async def _come_and_go(address: str, number: int, dice: random.Random) -> int:
    """Visit with one browser. Return the number of its sessions."""
    cookie, query = browser_cookie(number), f"{QUERY}{dice.randrange(SEEDS)}"
    async with _visit(address, query, cookie) as tab:
        await _press_one_of(tab, "Start the race", "Resume")
        await asyncio.sleep(dice.uniform(0, 1))
        if number % 4 == 0:
            tab.vanish()
        elif number % 4 == 1:
            await _press_one_of(tab, dice.choice(["Stop", "Pause", "Delete"]))
        else:
            return 1
    # After a reload the same browser has another session.
    async with _visit(address, query, cookie) as tab:
        await _press_one_of(tab, "Resume")
        await asyncio.sleep(dice.uniform(0, 0.5))
    return 2


@asynccontextmanager
async def _visit(address: str, query: str, cookie: str) -> AsyncIterator[Visitor]:
    async with visitor(address, "train", query, cookie) as tab:
        await tab.until_drawn(1)
        yield tab
        assert not tab.exceptions


async def _press_one_of(tab: Visitor, *labels: str) -> None:
    """Press the first of these buttons that the page has, and wait until the page is drawn."""
    for label in labels:
        if label in tab.buttons:
            runs = len(tab.page_runs)
            await tab.press(label)
            await tab.until_drawn(runs + 1)
            return


async def _run_a_race(address: str) -> None:
    async with _visit(address, f"{QUERY}{SEEDS}", browser_cookie(BROWSERS)) as tab:
        await _press_one_of(tab, "Start the race")
        await tab.until(lambda tab: "Finished. Results below" in tab.text())
