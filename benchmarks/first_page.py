"""The time that a visitor waits: for the first page of a new server, compared with an empty Streamlit app, and for a
finished race.

All times are measured over the network. A cold start lasts from the start of the process until the page shows its
total, or the empty app its title. Our server is still starting its workers then; a third figure includes them.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.measurement import Measurement, Target, alternate, measured, milliseconds, ratio_over
from hw5core.runs.config import RunConfig, race
from hw5core.store.store import RunStore
from hw5core.training.loop import use_one_thread
from tools.live import serving
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
    return [cold, complete, milliseconds("opening a finished race: visit to charts", _visits(), Target(300))]


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
