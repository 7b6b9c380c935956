"""What a visitor waits for: the first page of a server that has just been started, against an empty Streamlit app, and
a finished race that is opened.

Seen from the network. A cold start lasts from the start of the process until the page says what it is for: its total,
or the empty app's title. Ours is then still starting its workers, whose ticks come later; how long that takes is told
too.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.measurement import Measurement, Promise, in_turn, measured, milliseconds, ratio_over
from hw5core.data.datasets import load
from hw5core.runs.config import RunConfig, race
from hw5core.store.store import RunStore
from hw5core.training.loop import train
from tools.live import serving
from tools.visitor import visitor

ROUNDS = 5
VISITS = 15
_TOTAL = "3,747,200"
_EMPTY = "import streamlit as st\nst.title('empty')\n"
_FINISHED = RunConfig(epochs=5)


def measure() -> list[Measurement]:
    """Cold starts in turn, then visits to one server."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(_EMPTY)
        works = {
            "ours": lambda: _cold("app.py", _TOTAL),
            "empty": lambda: _cold(str(empty), "empty"),
            "whole": lambda: _cold("app.py", None),
        }
        waited = in_turn(works, ROUNDS)
    over_empty = ratio_over(waited["ours"], "an empty Streamlit app", waited["empty"], Promise(1.5))
    cold = measured("cold start: process to the first page's total", waited["ours"], "s", ratio=over_empty)
    whole = measured("cold start: process to whole first page, workers started", waited["whole"], "s")
    return [cold, whole, milliseconds("a finished race opened: visit to its charts", _visits(), Promise(300))]


def _cold(script: str, word: str | None) -> float:
    """Seconds until a new server's first page shows the word, or all that it has to show."""
    with tempfile.TemporaryDirectory() as home:
        begin = time.perf_counter()
        with serving(Path(home), script=script) as (address, _):
            asyncio.run(_first_page(address, word))
            return time.perf_counter() - begin


async def _first_page(address: str, word: str | None) -> None:
    async with visitor(address) as tab:
        await (tab.until(lambda tab: word in tab.text()) if word else tab.until_drawn(1))


def _visits() -> list[float]:
    """Seconds of visits to a race of both networks that the store holds, on a server that has shown it once."""
    with tempfile.TemporaryDirectory() as home:
        _train_into(RunStore(Path(home)))
        query = f"epochs-digits={_FINISHED.epochs}"
        with serving(Path(home)) as (address, _):
            return [asyncio.run(_whole_page(address, "train", query)) for _ in range(VISITS + 1)][1:]


def _train_into(store: RunStore) -> None:
    pool = load(_FINISHED.dataset)
    for config in race(_FINISHED):
        store.claim(config)
        for record in train(config, pool):
            store.add(config.run_id, record)


async def _whole_page(address: str, page: str, query: str) -> float:
    """Seconds from the visit to the whole page."""
    begin = time.perf_counter()
    async with visitor(address, page, query) as tab:
        await tab.until_drawn(1)
        return time.perf_counter() - begin
