"""A public server: guests share runs and workers, and none of them can take either from the others."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, closing
from typing import Any

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Run, Status
from hw5core.store.permissions import GUEST_PAUSE_SECONDS
from hw5core.store.sealing import seal_run
from tests.networks import SLOW
from tests.served.conftest import Server
from tools.visitor import Visitor, browser_cookie, visitor

pytestmark = pytest.mark.slow

COOKIES = 4
Opener = Callable[[int, int, str], Coroutine[Any, Any, Visitor]]


@pytest.fixture(scope="module")
def environment(workers: str) -> dict[str, str]:
    return {"HW5_SCHEDULER": workers, "HW5_PUBLIC": "1", "HW5_PROXY": "1"}


def _visit(server: Server, script: Callable[[Opener], Coroutine[Any, Any, None]]) -> None:
    """Run a script that opens races, given by their seed, in the browsers with these numbers and addresses."""

    async def run() -> None:
        async with AsyncExitStack() as tabs:
            opened = []

            async def open_race(seed: int, browser: int, address: str = "") -> Visitor:
                query = f"network={SLOW.replace(' ', '+')}&epochs-digits=30&seed={seed}"
                tab = visitor(server.address, "train", query, browser_cookie(browser), address)
                opened.append(await tabs.enter_async_context(tab))
                await opened[-1].until_drawn(1)
                return opened[-1]

            await script(open_race)
            for tab in opened:
                assert not tab.exceptions

    asyncio.run(run())


def _race(seed: int) -> tuple[RunConfig, ...]:
    return race(RunConfig(network=SLOW, epochs=30, learning_rate=0.05, seed=seed))


def _runs(server: Server, seed: int) -> list[Run]:
    return [run for config in _race(seed) if (run := server.store.run(config.run_id))]


async def _press(tab: Visitor, label: str, then: str) -> None:
    """Press a button, and wait until the page is drawn with another one in its place."""
    await tab.until(lambda tab: label in tab.buttons)
    drawn = len(tab.page_runs)
    await tab.press(label)
    await tab.until(lambda tab: len(tab.page_runs) > drawn and then in tab.buttons and label not in tab.buttons)


def test_a_guest_may_stop_a_race_of_the_operator_that_they_resumed_but_not_delete_it(server: Server) -> None:
    for config in _race(1):
        server.store.claim(config, "a server that has ended")
        server.store.halt(config.run_id, Status.STOPPED)

    async def script(open_race: Opener) -> None:
        guest = await open_race(1, 1, "")
        await _press(guest, "Resume", then="Stop")
        await _press(guest, "Stop", then="Resume")
        assert not [label for label in guest.buttons if "Delete" in label]
        await guest.open("runs", "&".join(f"compare={config.run_id}" for config in _race(1)))
        await guest.until(lambda tab: tab.heading == "All runs")
        assert not [label for label in guest.buttons if "Delete" in label or "Save name" in label]

    _visit(server, script)
    assert [run.status for run in _runs(server, 1)] == [Status.STOPPED] * 2


def test_a_paused_race_is_open_to_everyone_after_a_few_minutes(server: Server) -> None:
    async def script(open_race: Opener) -> None:
        first = await open_race(2, 2, "")
        await _press(first, "Start the race", then="Pause")
        await _press(first, "Pause", then="Resume")
        other = await open_race(2, 3, "")
        await other.press("Resume")
        await other.until_drawn(2)
        assert [run.status for run in _runs(server, 2)] == [Status.PAUSED] * 2
        with closing(sqlite3.connect(server.store.path)) as database, database:
            database.execute(
                "UPDATE runs SET first_pause = first_pause - ? WHERE first_pause > 0", (GUEST_PAUSE_SECONDS + 1,)
            )
            for config in _race(2):
                seal_run(database, config.run_id)
        await _press(other, "Resume", then="Stop")
        await first.until(lambda tab: "The race is running" in tab.text())
        assert "Pause" not in first.buttons, "who paused the race may pause it again and again"
        await _press(other, "Stop", then="Resume")

    _visit(server, script)


def test_a_guest_overtakes_a_visitor_with_many_cookies(server: Server) -> None:
    async def script(open_race: Opener) -> None:
        async def start(number: int, address: str) -> Visitor:
            tab = await open_race(10 + number, 10 + number, address)
            await tab.press("Start the race")
            await tab.until(lambda tab: "The race is running" in tab.text())
            return tab

        for number in range(COOKIES):
            last = await start(number, "192.0.2.1")
        await last.until(lambda tab: max(_positions(tab), default=0) == 2 * (COOKIES - 1))
        guest = await start(COOKIES, "198.51.100.2")
        await guest.until(lambda tab: _positions(tab) == [1, 2])
        await last.until(lambda tab: max(_positions(tab), default=0) == 2 * COOKIES)

    _visit(server, script)


def _positions(tab: Visitor) -> list[int]:
    return sorted({int(position) for position in re.findall(r"position (\d+) in the queue", tab.text())})
