"""Live updates over real websockets: viewers receive what changes without asking for it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pyarrow as pa
import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from pages.parts.shared.streamlit_internals import WidgetState
from tests.networks import LONG, SLOW
from tests.served.conftest import Server
from tools.visitor import Visitor, browser_cookie, visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

NETWORK = "1x28x28 flatten relu linear10"
SHORT = f"epochs-digits=5&network={NETWORK.replace(' ', '+')}"


@asynccontextmanager
async def _lecture(address: str, query: str, view: str = "") -> AsyncIterator[tuple[Visitor, Visitor]]:
    """Open the same race for a lecturer and for a student, whose tab does not ask again.

    `view` adds to the student's address.
    """
    async with (
        visitor(address, "train", query, browser_cookie(1)) as lecturer,
        visitor(address, "train", query + view, browser_cookie(2)) as student,
    ):
        student.repeats = False
        await lecturer.until_drawn(1)
        await student.until_drawn(1)
        yield lecturer, student
        assert not lecturer.exceptions
        assert not student.exceptions


def _race(seed: int) -> tuple[RunConfig, ...]:
    """Return the runs of the race of LONG with this seed."""
    return race(RunConfig(network=SLOW, epochs=200, learning_rate=0.05, seed=seed))


def _loss_chart(tab: Visitor) -> Any:
    return next(one.vega_lite_chart for one in tab.elements.values() if one.WhichOneof("type") == "vega_lite_chart")


def _loss_rows(tab: Visitor) -> pa.Table:
    return pa.ipc.open_stream(_loss_chart(tab).data.data).read_all()


def _batches(tab: Visitor) -> int:
    """Return the number of batches that the running networks have trained, according to the page."""
    return sum(int(done.replace(",", "")) for done in re.findall(r"running: ([\d,]+) of", tab.text()))


async def _until_batches(tab: Visitor, more: int) -> None:
    """Wait until the page shows progress of more than `more` batches."""
    batches = _batches(tab)
    await tab.until(lambda tab: _batches(tab) > batches + more)


async def _until(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true, while the tabs receive messages."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.1)


async def _until_quiet(tab: Visitor) -> None:
    """Wait until the tab has received nothing for a second: the last records of a race arrive after its end."""
    received = -1
    while tab.bytes_received > received:
        received = tab.bytes_received
        await asyncio.sleep(1)


@pytest.mark.parametrize("page", ["train", "why", "sweep", "inside", "runs", "report"])
def test_a_page_that_is_published_asks_for_itself_after_a_lost_connection(server: Server, page: str) -> None:
    async def check() -> None:
        async with visitor(server.address, page) as tab:
            await tab.until_drawn(1)
            assert tab.timed_fragments

    asyncio.run(check())


def test_a_viewer_sees_the_race_start_progress_and_stop_without_asking(server: Server) -> None:
    async def check() -> None:
        async with _lecture(server.address, f"{LONG}&seed=1") as (lecturer, student):
            await lecturer.press("Start the race")
            await student.until(lambda tab: "The race is running" in tab.text())
            for _ in range(3):
                await _until_batches(student, more=10)
            await lecturer.press("Stop")
            await student.until(lambda tab: tab.text().count("stopped:") == 2)
            # The last records of a race arrive after its end.
            runs = [config.run_id for config in _race(seed=1)]
            await _until(lambda: all(server.store.settled(run_id) for run_id in runs))
            # Fragments redraw when the runs start and when their first epoch ends. All else is sent as elements.
            assert len(student.fragment_runs) <= 6
            # The student has received the chart that a new visit draws.
            async with visitor(server.address, "train", f"{LONG}&seed=1") as late:
                await late.until_drawn(1)
                await _until(lambda: _loss_rows(late) == _loss_rows(student))

    asyncio.run(check())


def test_a_viewer_sees_the_end_of_a_race_and_keeps_the_chosen_view(server: Server) -> None:
    async def check() -> None:
        async with _lecture(server.address, f"{SHORT}&seed=2", "&axis=seconds&smoothing=20") as (lecturer, student):
            assert "training time including evaluation (s)" in _loss_chart(student).spec
            assert '"log"' not in _loss_chart(student).spec
            await student.toggle("logarithmic")
            await lecturer.press("Start the race")
            await student.until(lambda tab: "Finished. Results below" in tab.text())
            specification = _loss_chart(student).spec
            assert "training time including evaluation (s)" in specification
            assert '"log"' in specification

    asyncio.run(check())


def test_another_page_receives_nothing_of_the_race_and_a_paused_race_sends_nothing(server: Server) -> None:
    async def check() -> None:
        async with _lecture(server.address, f"{LONG}&seed=3") as (lecturer, student):
            await lecturer.press("Start the race")
            await student.until(lambda tab: "The race is running" in tab.text())
            await student.open("count")
            for _ in range(3):  # rounds of publishing
                await _until_batches(lecturer, more=0)
            assert "Training loss" not in student.text()
            await student.open("train", f"{LONG}&seed=3")
            await lecturer.press("Pause")
            await student.until(lambda tab: "Paused. Anyone may resume it 5 minutes" in tab.text())
            assert {run.status for config in _race(seed=3) if (run := server.store.run(config.run_id))} == {
                Status.PAUSED
            }
            await _until_quiet(student)

    asyncio.run(check())


def test_a_browser_that_clears_the_caches_stops_neither_the_race_nor_its_updates(server: Server) -> None:
    async def check() -> None:
        async with _lecture(server.address, f"{LONG}&seed=4") as (lecturer, stranger):
            await lecturer.press("Start the race")
            await stranger.until(lambda tab: "The race is running" in tab.text())
            await stranger.clear_caches()
            for _ in range(3):
                await _until_batches(lecturer, more=10)
            await lecturer.press("Stop")
            await lecturer.until(lambda tab: "Resume" in tab.buttons)

    asyncio.run(check())


def test_viewers_of_a_fork_see_it_start_while_its_parent_continues(server: Server) -> None:
    async def check() -> None:
        query = f"{LONG}&seed=6"
        parent = RunConfig(network=SLOW, epochs=200, learning_rate=0.05, seed=6, activation="sigmoid").run_id
        fork = f"run={parent}&fork-activation=relu"
        async with visitor(server.address, "train", query, browser_cookie(1)) as lecturer:
            await lecturer.until_drawn(1)
            await lecturer.press("Start the race")
            await lecturer.until(lambda tab: "sigmoid accuracy of epoch 0:" in tab.text())
            async with visitor(server.address, "fork", fork, browser_cookie(2)) as student:
                await student.until_drawn(1)
                await lecturer.open("fork", fork)
                await lecturer.press("Start the fork")
                await student.until(lambda tab: "The fork is running" in tab.text())
                await lecturer.until(lambda tab: "Pause" in tab.buttons)
                await lecturer.press("Pause")
                await student.until(lambda tab: "Paused. Anyone may resume it 5 minutes" in tab.text())
                assert not student.exceptions
            await lecturer.open("train", query)
            await lecturer.press("Stop")
            await lecturer.until(lambda tab: "Resume" in tab.buttons)

    asyncio.run(check())


def test_the_list_of_runs_follows_a_race_without_asking(server: Server) -> None:
    query = f"epochs-digits=3&seed=8&network={NETWORK.replace(' ', '+')}"

    def statuses(tab: Visitor) -> list[str]:
        tables = [one.dataframe for one in tab.elements.values() if one.WhichOneof("type") == "dataframe"]
        rows = [row for one in tables for row in pa.ipc.open_stream(one.arrow_data.data).read_all().to_pylist()]
        return [row["status"] for row in rows if "seed=8" in row["open"]]

    async def check() -> None:
        async with (
            visitor(server.address, "train", query, browser_cookie(1)) as lecturer,
            visitor(server.address, "runs", "", browser_cookie(2)) as student,
        ):
            student.repeats = False
            await lecturer.until_drawn(1)
            await student.until_drawn(1)
            await lecturer.press("Start the race")
            await student.until(lambda tab: statuses(tab) == ["finished"] * 2)
            # The fragment redraws for new rows only: when the first run of all and both runs of the race appear.
            assert len(student.fragment_runs) <= 2
            assert student.timed_fragments
            assert not student.exceptions

    asyncio.run(check())


def test_two_clients_vote_and_see_each_others_votes_at_once(server: Server) -> None:
    async def check() -> None:
        query = "dataset=digits&training-images=50&epochs-digits=1"
        async with (
            visitor(server.address, "why", query, browser_cookie(1)) as one,
            visitor(server.address, "why", query, browser_cookie(2)) as two,
        ):
            two.repeats = False
            for tab in (one, two):
                await tab.until_drawn(1)
                assert "Show the evidence without voting" in tab.buttons
            await _vote(one, "Before the evidence", "The learning rate is too small.")
            await two.until(lambda tab: '">1</div>' in tab.text().replace("\\", ""))
            assert "the largest part" not in two.text(), "votes suggest an answer to those who have not voted"
            await _vote(two, "Before the evidence", "Units saturate.")
            for tab in (one, two):
                await tab.until(lambda tab: "2 votes before the evidence" in tab.text())
            await _vote(one, "After the evidence", "Units saturate.")
            await _vote(one, "Before the evidence", "Units saturate.")
            await two.until(lambda tab: "the largest part, 2, for “Units saturate" in tab.text())
            await two.until(lambda tab: "1 votes after the evidence" in tab.text())
            # Another tab of the same browser has voted already.
            async with visitor(server.address, "why", query, browser_cookie(1)) as again:
                await again.until_drawn(1)
                assert "Show the evidence without voting" not in again.buttons
                await again.press("Delete all votes on this race")
                await two.until(lambda tab: "Show the evidence without voting" in tab.buttons)

    asyncio.run(check())


def test_a_class_sees_the_mistakes_of_answers_as_they_are_handed_in(server: Server) -> None:
    async def check() -> None:
        query = "net=3x32x32+conv8k5+relu+conv16k3"
        async with (
            visitor(server.address, "check", query, browser_cookie(1)) as student,
            visitor(server.address, "check", query, browser_cookie(2)) as other,
            visitor(server.address, "check", f"{query}&lecture=true", browser_cookie(3)) as hall,
        ):
            hall.repeats = False
            for tab in (student, other, hall):
                await tab.until_drawn(1)
            await hall.until(lambda tab: "Nobody has handed in answers" in tab.text())
            await _check(student, "conv1 600\nconv2 1168")
            await hall.until(lambda tab: "Mistakes, and how many answers have them" in tab.text())
            await hall.until(lambda tab: "bias forgotten 1" in tab.text())
            await _check(other, "600\n1152")
            await hall.until(lambda tab: "bias forgotten 3" in tab.text())
            await _check(other, "608\n1168")
            await hall.until(lambda tab: "bias forgotten 1" in tab.text())
            await hall.press("Delete all answers of the class")
            await hall.until(lambda tab: "Nobody has handed in answers" in tab.text())
            assert not any(tab.exceptions for tab in (student, other, hall))

    asyncio.run(check())


async def _check(tab: Visitor, answers: str) -> None:
    """Hand in answers."""
    field = next(one.text_area for one in tab.elements.values() if one.text_area.label.startswith("Your answers"))
    tab.widget_states[field.id] = WidgetState(id=field.id, string_value=answers)
    await tab.press("Check")


async def _vote(tab: Visitor, question: str, choice: str) -> None:
    """Choose an explanation, as soon as the page asks."""
    await tab.until(lambda tab: any(one.radio.label.startswith(question) for one in tab.elements.values()))
    place, radio = next((at, one.radio) for at, one in tab.elements.items() if one.radio.label.startswith(question))
    tab.widget_states[radio.id] = WidgetState(id=radio.id, string_value=choice)
    await tab.run(tab.fragments[place])
