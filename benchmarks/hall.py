"""A full hall at the same moment: many people who open a page, and many who drag a slider.

The visitors are real websocket sessions in this process, on the same cores as the server. Their time includes what a
server sends until the page is complete, but not what a browser needs to draw it.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from benchmarks.measurement import Measurement, Target, measured
from hw5core.data.datasets import is_available
from pages.parts.shared.streamlit_internals import WidgetState
from tools.live import serving
from tools.visitor import Visitor, browser_cookie, visitor

PEOPLE, OPENING_SECONDS = 200, 10.0
"""How many people open a page, and the time within which they arrive."""

HANDS, DRAG_SECONDS = 20, 10.0
THROTTLE_SECONDS = 0.06
"""The shortest time between two edits of one slider, as in editor.js."""

ROUNDS = 3


def measure() -> list[Measurement]:
    """Measure openings without and with a running race, then sliders, on one server."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, _):
        return asyncio.run(_measure(address))


async def _measure(address: str) -> list[Measurement]:
    browsers = count(1)
    async with visitor(address, cookie=browser_cookie(next(browsers))) as first:
        await first.until_drawn(1)
    totals = [rate for _ in range(ROUNDS) for rate in await _drags(address, browsers)]
    opened = [await _openings(address, "count", "", browsers) for _ in range(ROUNDS)]
    async with visitor(address, "inside", cookie=browser_cookie(next(browsers))) as first:
        await first.until_drawn(1)  # starts the workers
    looked = [await _openings(address, "inside", "", browsers) for _ in range(ROUNDS)]
    async with _race(address, browser_cookie(next(browsers))) as query:
        joined = [await _openings(address, "train", query, browsers) for _ in range(ROUNDS)]
    return [
        measured(
            f"{HANDS} people drag a slider on Count: new totals for each",
            totals,
            "per second",
            Target(5, least=True),
        ),
        *_waits("Count", opened),
        *_waits("Inside", looked),
        *_waits("a running race", joined),
    ]


def _waits(page: str, rounds: list[list[float]]) -> list[Measurement]:
    """Return the wait of all people, and the longest wait of each round."""
    what = f"{PEOPLE} people open {page} within {OPENING_SECONDS:.0f} s"
    return [
        measured(f"{what}: wait for the complete page", [wait for waits in rounds for wait in waits], "s"),
        measured(f"{what}: the longest wait", [max(waits) for waits in rounds], "s", Target(3)),
    ]


async def _openings(address: str, page: str, query: str, browsers: "count[int]") -> list[float]:
    """Return the seconds from each arrival to the complete page."""
    async with AsyncExitStack() as hall:
        arrivals = [
            asyncio.create_task(
                _arrive(hall, place * OPENING_SECONDS / PEOPLE, address, page, query, browser_cookie(next(browsers)))
            )
            for place in range(PEOPLE)
        ]
        return list(await asyncio.gather(*arrivals))


async def _arrive(hall: AsyncExitStack, delay: float, address: str, page: str, query: str, cookie: str) -> float:
    await asyncio.sleep(delay)
    start = time.perf_counter()
    tab = await hall.enter_async_context(visitor(address, page, query, cookie))
    await tab.until_drawn(1)
    return time.perf_counter() - start


@asynccontextmanager
async def _race(address: str, cookie: str) -> AsyncIterator[str]:
    """Start a race that does not end while it is measured, and yield its query. Stop it at the end."""
    dataset, epochs = ("mnist", 30) if is_available("mnist") else ("digits", 200)
    query = f"dataset={dataset}&epochs-{dataset}={epochs}"
    async with visitor(address, "train", query, cookie) as lecturer:
        await lecturer.until_drawn(1)
        await lecturer.press("Start the race")
        await lecturer.until(lambda tab: "running:" in tab.text())
        yield query
        await lecturer.press("Stop")
        await lecturer.until(lambda tab: "stopped:" in tab.text())


async def _drags(address: str, browsers: "count[int]") -> list[float]:
    """Return the new totals per second of each person."""
    async with AsyncExitStack() as hall:
        tabs = [
            await hall.enter_async_context(visitor(address, cookie=browser_cookie(next(browsers))))
            for _ in range(HANDS)
        ]
        for tab in tabs:
            await tab.until_drawn(1)
        return list(await asyncio.gather(*map(_drag, tabs)))


async def _drag(tab: Visitor) -> float:
    """Move the first slider as the editor does: an edit waits until the total of the last one is there."""
    editor, fragment = _editor(tab)
    totals = {_total(tab)}
    start = time.perf_counter()
    for step in count(1):
        sent = time.perf_counter()
        if sent - start > DRAG_SECONDS:
            break
        edit = {"place": 0, "field": "out_channels", "value": 1 + step % 500, "number": f"1-{step}"}
        tab.widget_states[editor] = WidgetState(id=editor, json_value=json.dumps({"edit": edit}))
        await tab.run(fragment)
        before = _total(tab)
        await tab.until(lambda tab, before=before: _total(tab) != before)  # type: ignore[misc]
        totals.add(_total(tab))
        await asyncio.sleep(sent + THROTTLE_SECONDS - time.perf_counter())
    return (len(totals) - 1) / (time.perf_counter() - start)


def _editor(tab: Visitor) -> tuple[str, str]:
    """Return the id of the list of layers, and its fragment."""
    return next(
        (element.bidi_component.id, tab.fragments[place])
        for place, element in tab.elements.items()
        if "layer_editor" in element.bidi_component.component_name
    )


def _total(tab: Visitor) -> str:
    return next(element.html.body for element in tab.elements.values() if 'class="hw5-number"' in element.html.body)
