"""Whoever has a race on the page is sent what changes, without asking: over real websockets, from a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyarrow as pa
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from tests.served.conftest import Server, browser_cookie
from tools.visitor import Visitor, visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

QUERY = "epochs-digits={epochs}&seed={seed}&network=1x28x28+flatten+relu+linear10"


@asynccontextmanager
async def _lecture(address: str, query: str, view: str = "") -> AsyncIterator[tuple[Visitor, Visitor]]:
    """A lecturer and a student at the same race; the student looks at it their own way."""
    async with (
        visitor(address, "train", query, browser_cookie(1)) as lecturer,
        visitor(address, "train", query + view, browser_cookie(2)) as student,
    ):
        await lecturer.until_drawn(1)
        await student.until_drawn(1)
        yield lecturer, student


def test_who_waits_sees_the_race_begin_go_on_and_end_without_asking(server: Server) -> None:
    asyncio.run(_wait_and_see(server.address))


async def _wait_and_see(address: str) -> None:
    query = QUERY.format(epochs=20, seed=1)
    async with _lecture(address, query) as (lecturer, student):
        asked = student.requests
        await lecturer.press("Start the race")
        await student.until(lambda tab: "The race is running" in tab.text())
        await student.until(lambda tab: "sigmoid accuracy of epoch 1:" in tab.text())
        await student.until(lambda tab: "Finished. Results below" in tab.text())
        # 4,320 batches a network, nine of them a point, and the empty row that lets reference lines stand.
        await student.until(lambda tab: _rows(tab) == 2 * 480 + 1)
        assert student.requests == asked
        # Parts are drawn anew when the runs begin and have an epoch to tell of; the other nineteen are only sent.
        assert len(student.fragment_runs) <= 6
        assert not student.exceptions


async def _until_nothing_is_sent(tab: Visitor) -> None:
    """Wait until the tab has received nothing for two seconds: a paused run's final records arrive a little later."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        before = -1
        while tab.bytes_received > before:
            before = tab.bytes_received
            await asyncio.sleep(2)


def _rows(tab: Visitor) -> int:
    """How many rows the chart of the losses has."""
    rows: int = pa.ipc.open_stream(_loss_chart(tab).data.data).read_all().num_rows
    return rows


def _loss_chart(tab: Visitor) -> Any:
    """The first chart on the page."""
    return next(one.vega_lite_chart for one in tab.elements.values() if one.WhichOneof("type") == "vega_lite_chart")


def test_where_nothing_changes_nothing_is_sent_and_elsewhere_nothing_of_the_race(server: Server) -> None:
    asyncio.run(_rest_and_leave(server))


async def _rest_and_leave(server: Server) -> None:
    query = QUERY.format(epochs=200, seed=2)
    async with _lecture(server.address, query) as (lecturer, student):
        await lecturer.press("Start the race")
        await student.until(lambda tab: "The race is running" in tab.text())
        await student.open("count")
        await asyncio.sleep(2)
        assert "Training loss" not in student.text()
        await student.open("train", query)
        await lecturer.press("Pause")
        await student.until(lambda tab: "Paused by its owner" in tab.text())
        configs = race(RunConfig(epochs=200, seed=2, network="1x28x28 flatten relu linear10"))
        assert {run.status for config in configs if (run := server.store.run(config.run_id))} == {Status.PAUSED}
        await _until_nothing_is_sent(student)
        assert not student.exceptions


def test_a_page_that_is_drawn_anew_unasked_keeps_what_its_controls_say(server: Server) -> None:
    asyncio.run(_choose_and_wait(server.address))


async def _choose_and_wait(address: str) -> None:
    query = QUERY.format(epochs=20, seed=3)
    async with _lecture(address, query, "&axis=seconds&smoothing=20") as (lecturer, student):
        assert "seconds of training" in _loss_chart(student).spec
        assert '"log"' not in _loss_chart(student).spec
        await student.toggle("logarithmic")
        await lecturer.press("Start the race")
        await student.until(lambda tab: "Finished. Results below" in tab.text())
        specification = _loss_chart(student).spec
        assert "seconds of training" in specification
        assert '"log"' in specification


def test_a_stranger_who_has_the_caches_emptied_stops_neither_the_race_nor_what_is_sent(server: Server) -> None:
    asyncio.run(_empty_the_caches(server.address))


async def _empty_the_caches(address: str) -> None:
    query = QUERY.format(epochs=30, seed=4)
    async with (
        visitor(address, "train", query, browser_cookie(1)) as lecturer,
        visitor(address, "count", "", browser_cookie(2)) as stranger,
    ):
        await lecturer.until_drawn(1)
        await stranger.until_drawn(1)
        await lecturer.press("Start the race")
        await lecturer.until(lambda tab: "running:" in tab.text())
        await stranger.clear_caches()
        await lecturer.until(lambda tab: "Finished. Results below" in tab.text())


def test_viewers_of_a_fork_see_it_start_while_its_parent_continues(server: Server) -> None:
    asyncio.run(_fork(server))


async def _fork(server: Server) -> None:
    network = "1x28x28 flatten relu linear10"
    query = QUERY.format(epochs=200, seed=6)
    async with visitor(server.address, "train", query, browser_cookie(1)) as lecturer:
        await lecturer.until_drawn(1)
        await lecturer.press("Start the race")
        await lecturer.until(lambda tab: "sigmoid accuracy of epoch 0:" in tab.text())
        run = RunConfig(epochs=200, seed=6, network=network, activation="sigmoid").run_id
        async with visitor(server.address, "fork", f"run={run}&fork-activation=relu", browser_cookie(2)) as student:
            await student.until_drawn(1)
            await lecturer.open("fork", f"run={run}&fork-activation=relu")
            await lecturer.press("Start the fork")
            await student.until(lambda tab: "The fork is running" in tab.text())
            await lecturer.until(lambda tab: "Pause" in tab.buttons)
            await lecturer.press("Pause")
            await student.until(lambda tab: "Paused by its owner" in tab.text())
            assert not student.exceptions
        await lecturer.open("train", query)
        await lecturer.press("Stop")
        await lecturer.until(lambda tab: "Continue" in tab.buttons)
