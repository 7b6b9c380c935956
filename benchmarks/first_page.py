"""What a first visit needs: the time of a visitor for the first page of a new server, compared with an empty Streamlit
app, and for a finished race; and the bytes that a browser receives before the first page shows its total.

All times are measured over the network. A cold start lasts from the start of the process until the page shows its
total, or the empty app its title. Our server is still starting its workers then; a third figure includes them.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.measurement import Measurement, Target, alternate, measured, milliseconds, ratio_over
from hw5core.runs.config import RunConfig, race
from hw5core.store.store import RunStore
from hw5core.training.environment import use_one_thread
from tools.live import LiveError, chromium, serving
from tools.training import train_into
from tools.visitor import visitor

ROUNDS = 5
VISITS = 15
_TOTAL = "3,747,200"
_EMPTY = "import streamlit as st\nst.title('empty')\n"
_FINISHED = RunConfig(epochs=5)


def measure() -> list[Measurement]:
    """Measure cold starts alternately, then visits to one server."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(_EMPTY)
        starts = {
            "ours": lambda: _cold("app.py", _TOTAL),
            "empty": lambda: _cold(str(empty), "empty"),
            "complete": lambda: _cold("app.py", None),
        }
        waited = alternate(starts, ROUNDS)
    over_empty = ratio_over(waited["ours"], "an empty Streamlit app", waited["empty"], Target(1.5))
    cold = measured("cold start: process to the first page's total", waited["ours"], "s", ratio=over_empty)
    complete = measured("cold start: process to the complete first page, workers started", waited["complete"], "s")
    finished = milliseconds("opening a finished race: visit to charts", _visits(), Target(300))
    return [cold, complete, finished, *_bytes_of_a_first_visit()]


def _bytes_of_a_first_visit() -> list[Measurement]:
    """Measure the megabytes before the total, without and with compressed files. Measure nothing without a browser."""
    figures = []
    for script, kind, target in (("app.py", "", None), ("compressed.py", ", files compressed", Target(1))):
        try:
            received = [_megabytes(script) for _ in range(ROUNDS)]
        except LiveError as error:
            print(f"  skipped: the bytes of a first visit ({error})", file=sys.stderr)
            return []
        figures.append(measured(f"a first visit: megabytes before the total{kind}", received, "MB", target))
    return figures


def _megabytes(script: str) -> float:
    """Return the megabytes that a browser with an empty cache receives before the first page shows its total."""
    received: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), script=script) as (address, _),
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        network = page.context.new_cdp_session(page)
        network.on("Network.dataReceived", lambda got: received.update(files=got["encodedDataLength"]))
        # The browser reports a binary message in base64, four characters for three bytes.
        network.on(
            "Network.webSocketFrameReceived",
            lambda got: received.update(messages=len(got["response"]["payloadData"]) * 3 // 4),
        )
        network.send("Network.enable")
        page.goto(address, wait_until="commit")
        page.get_by_text(_TOTAL).first.wait_for()
        return received.total() / 1e6


def _cold(script: str, word: str | None) -> float:
    """Return the seconds until the first page of a new server shows `word`, or is complete if `word` is None."""
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        with serving(Path(home), script=script) as (address, _):
            asyncio.run(_first_page(address, word))
            return time.perf_counter() - start


async def _first_page(address: str, word: str | None) -> None:
    async with visitor(address) as tab:
        await (tab.until(lambda tab: word in tab.text()) if word else tab.until_drawn(1))


def _visits() -> list[float]:
    """Return the seconds of visits to a finished race, on a server that has shown it once before."""
    with tempfile.TemporaryDirectory() as home:
        use_one_thread()
        train_into(RunStore(Path(home)), *race(_FINISHED))
        query = f"epochs-digits={_FINISHED.epochs}"
        with serving(Path(home)) as (address, _):
            return [asyncio.run(_complete_page(address, "train", query)) for _ in range(VISITS + 1)][1:]


async def _complete_page(address: str, page: str, query: str) -> float:
    """Return the seconds from the visit to the complete page."""
    start = time.perf_counter()
    async with visitor(address, page, query) as tab:
        await tab.until_drawn(1)
        return time.perf_counter() - start
