"""One visitor with many invented cookies does not keep the others from a public server's workers."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest

from tests.served.conftest import Server, browser_cookie
from tools.visitor import Visitor, visitor

pytestmark = pytest.mark.slow

SLOW = "1x28x28 conv32k3p1 relu conv32k3p1 relu maxpool7 flatten linear10"
QUERY = f"network={SLOW.replace(' ', '+')}&epochs-digits=30&seed="
COOKIES = 6


@pytest.fixture(scope="module")
def environment(workers: str) -> dict[str, str]:
    return {"HW5_SCHEDULER": workers, "HW5_PUBLIC": "1", "HW5_PROXY": "1"}


def test_a_guest_overtakes_a_visitor_with_many_cookies(server: Server) -> None:
    asyncio.run(_visit(server.address))


async def _visit(address: str) -> None:
    async with AsyncExitStack() as tabs:

        async def start(number: int, seen_as: str) -> Visitor:
            opened = visitor(address, "train", f"{QUERY}{number}", browser_cookie(number), seen_as)
            tab = await tabs.enter_async_context(opened)
            await tab.until(lambda tab: "Start the race" in tab.buttons)
            await tab.press("Start the race")
            await tab.until(lambda tab: "The race is running" in tab.text())
            return tab

        for number in range(COOKIES):
            last = await start(number, "192.0.2.1")
        await last.until(lambda tab: max(_positions(tab), default=0) == 2 * (COOKIES - 1))
        guest = await start(COOKIES, "198.51.100.2")
        await guest.until(lambda tab: _positions(tab) == [1, 2])
        await last.until(lambda tab: max(_positions(tab), default=0) == 2 * COOKIES)
        for tab in (last, guest):
            assert not tab.exceptions


def _positions(tab: Visitor) -> list[int]:
    return sorted({int(position) for position in re.findall(r"position (\d+) in the queue", tab.text())})
