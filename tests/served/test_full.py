"""A server that may open few files: it takes as many visitors as fit, and the others see a message."""

import asyncio
import http.client
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import InvalidStatus

from pages.parts.shared.capacity import capacity
from pages.parts.shared.streamlit_internals import FILES_PER_KEPT_SESSION
from tests.served.conftest import Server
from tools.live import serving
from tools.visitor import Visitor, browser_cookie, visitor
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows does not limit open files")]

FILES = 256
MOST = capacity(FILES)
VANISHING = 100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, workers: str) -> Iterator[Server]:
    """Serve the app with a low limit of open files, behind a proxy that names the visitors."""
    home = tmp_path_factory.mktemp("home")
    limited = home / "python"
    limited.write_text(f'#!/bin/sh\nulimit -n {FILES}\nulimit -S -n {FILES // 2}\nexec "{sys.executable}" "$@"\n')
    limited.chmod(0o755)
    log = home / "server.log"
    with serving(home, log, {"HW5_SCHEDULER": workers, "HW5_PROXY": "1"}, python=limited) as (address, process):
        running = Server(address, process, home, log)
        asyncio.run(_visit(address))
        yield running
        assert process.poll() is None, running.log
        assert not running.tracebacks, running.log
        # The event loop accepts all connections that wait, before the app can refuse any. It would log this a thousand
        # times a second.
        assert running.log.count("out of system resource") < 5


async def _visit(address: str) -> None:
    async with visitor(address, "count", cookie=browser_cookie(0)) as tab:
        await tab.until_drawn(1)


def _page(server: Server, seen_as: str = "192.0.2.200") -> tuple[int, str]:
    """Open the start page like a browser from this address, and return the status and the text."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=PATIENCE_SECONDS)
    connection.request("GET", "/", headers={"Accept": "text/html", "X-Forwarded-For": seen_as})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert (response.headers["Retry-After"] is not None) == (response.status == 503)
    return response.status, text


async def _enter(server: Server, tabs: AsyncExitStack, number: int, seen_as: str) -> Visitor:
    tab = await tabs.enter_async_context(visitor(server.address, "count", "", browser_cookie(number), seen_as))
    await tab.until_drawn(1)
    return tab


def test_a_full_server_refuses_visitors_with_a_message_until_one_leaves(server: Server) -> None:
    async def fill() -> None:
        async with AsyncExitStack() as tabs:
            first = await _enter(server, tabs, 1, "192.0.2.1")
            async with AsyncExitStack() as others:
                for number in range(2, MOST.sessions + 1):
                    last = await _enter(server, others, number, f"192.0.2.{number}")
                with pytest.raises(InvalidStatus):
                    await _enter(server, others, 99, "192.0.2.99")
                status, text = await asyncio.to_thread(_page, server)
                assert status == 503
                assert "This server is full" in text
                assert "tries again" in text
                for tab in (first, last):
                    runs = len(tab.page_runs)
                    await tab.run()
                    await tab.until_drawn(runs + 1)
            await asyncio.to_thread(wait_until, lambda: _page(server)[0] == 200, lambda: "the server stays full")
            await _enter(server, tabs, 99, "192.0.2.99")

    files = psutil.Process(server.process.pid).num_fds
    before = files()
    asyncio.run(fill())
    assert server.log.count("This server is full") == 1
    kept = FILES_PER_KEPT_SESSION * MOST.kept
    wait_until(lambda: files() <= before + kept, lambda: f"{before} open files have become {files()}")


def test_one_address_cannot_take_all_places(server: Server) -> None:
    async def fill() -> None:
        async with AsyncExitStack() as tabs:
            for number in range(MOST.per_address):
                await _enter(server, tabs, number, "198.51.100.1")
            with pytest.raises(InvalidStatus):
                await _enter(server, tabs, 99, "198.51.100.1")
            assert (await asyncio.to_thread(_page, server, "198.51.100.1"))[0] == 503
            assert (await asyncio.to_thread(_page, server, "203.0.113.5"))[0] == 200
            await _enter(server, tabs, 100, "203.0.113.5")

    asyncio.run(fill())


def test_connections_that_only_wait_stop_nobody(server: Server) -> None:
    host, port = urlsplit(server.address).netloc.split(":")

    async def fill() -> None:
        async with AsyncExitStack() as tabs:
            tab = await _enter(server, tabs, 1, "192.0.2.1")
            idle = [socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) for _ in range(FILES)]
            answers = [await asyncio.to_thread(one.recv, 100) for one in idle[MOST.connections :]]
            assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
            await tab.run()
            await tab.until_drawn(2)
            for one in idle:
                one.close()
            await asyncio.to_thread(wait_until, lambda: _page(server)[0] == 200, lambda: "no visitor gets in")

    asyncio.run(fill())


def test_visitors_who_vanish_at_once_cost_little(server: Server) -> None:
    process = psutil.Process(server.process.pid)

    def seconds() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    async def vanish(number: int) -> None:
        with suppress(InvalidStatus):  # for a moment, those who have left still take places
            async with visitor(server.address, "train", "", browser_cookie(number), f"192.0.2.{number}") as tab:
                tab.vanish()

    async def stay(number: int) -> None:
        async with visitor(server.address, "train", "", browser_cookie(number)) as tab:
            await tab.until_drawn(1)

    async def compare() -> tuple[float, float]:
        await stay(1)
        before = seconds()
        for number in range(10):
            await stay(number)
        between = seconds()
        for start in range(0, VANISHING, 10):
            await asyncio.gather(*(vanish(number) for number in range(start, start + 10)))
            await asyncio.to_thread(wait_until, lambda: _page(server)[0] == 200, lambda: "no visitor gets in")
        await stay(1)
        return (between - before) / 10, (seconds() - between) / VANISHING

    staying, vanishing = asyncio.run(compare())
    assert vanishing < staying / 2
