"""A page reads each run from the store once per drawing."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query, race_query
from tools.training import train_into

RACE = race(RunConfig(network="1x28x28 flatten linear16 relu linear10", training_images=20, epochs=2))
FORKS = fork(RACE[1], 0, "relu", 0.005), fork(RACE[1], 0, "tanh", 0.005)
READS = ("run", "newest", "owners", "owned", "settled", "guesses", "records", "updates", "losses_of_batch", "stamps",
         "forkable_epochs", "checkpoint", "deletions", "permitted", "damages",
         "absences")  # fmt: skip
"""The methods of a store that only read."""


Reads = Counter[tuple[threading.Thread, str]]
"""The number of reads by thread, method and, where there is one, run id."""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Fill the server's store with a race and two forks, and count its reads from then on."""
    train_into(RunStore(home.store_folder()), *RACE, *FORKS, owner="me")
    counter: Reads = Counter()

    def counted(name: str) -> Callable[..., Any]:
        read = getattr(RunStore, name)

        def count_and_read(store: RunStore, *arguments: Any, **options: Any) -> Any:
            run_id = arguments[0] if name in ("updates", "run", "losses_of_batch") else ""
            counter[threading.current_thread(), f"{name} {run_id}".strip()] += 1
            return read(store, *arguments, **options)

        return count_and_read

    for name in READS:
        monkeypatch.setattr(RunStore, name, counted(name))
    return counter


def _drawn_again(app: AppTest, reads: Reads) -> dict[str, int]:
    """Draw the page again and return its reads, without those of threads that run in the background."""
    assert not app.exception
    background = threading.enumerate()
    reads.clear()
    app.run()
    assert not app.exception
    assert not app.error
    return {read: number for (thread, read), number in reads.items() if thread not in background}


def _updates(*configs: RunConfig) -> dict[str, int]:
    return {f"updates {config.run_id}": 1 for config in configs}


def test_the_train_page(open_page: Callable[..., AppTest], reads: Reads) -> None:
    app = open_page("train", owner="me", **dict(race_query(RACE)))
    assert _drawn_again(app, reads) == {**_updates(*RACE), "owned": 1, "guesses": 1}


def test_the_train_page_with_an_opened_batch(open_page: Callable[..., AppTest], reads: Reads) -> None:
    app = open_page("train", owner="me", batch="3", **dict(race_query(RACE)))
    batches = {f"losses_of_batch {config.run_id}": 1 for config in RACE}
    assert _drawn_again(app, reads) == {**_updates(*RACE), **batches, "owned": 1, "guesses": 1}


def test_the_fork_page(open_page: Callable[..., AppTest], reads: Reads) -> None:
    app = open_page("fork", owner="me", **dict(fork_query(*FORKS)))
    assert _drawn_again(app, reads) == {**_updates(RACE[1], *FORKS), "newest": 1, "forkable_epochs": 1, "owned": 1}


def test_the_sweep_page(open_page: Callable[..., AppTest], reads: Reads) -> None:
    query = {name: value for name, value in race_query(RACE) if name != "learning-rate-digits"}
    app = open_page("sweep", owner="me", seeds="1", **{"learning-rates": "0.005"}, **query)
    assert app.success
    # One query finds that the finished runs have nothing new.
    assert _drawn_again(app, reads) == {"stamps": 1}


def test_the_list_of_runs_with_a_comparison(
    open_page: Callable[..., AppTest], reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("runs", owner="me", compare=[RACE[0].run_id, RACE[1].run_id, FORKS[0].run_id])
    assert len(app.get("vega_lite_chart")) == 2
    # Runs that ended a moment ago may still report something.
    monkeypatch.setattr("hw5core.store.summaries.SETTLED_SECONDS", -1.0)
    _drawn_again(app, reads)
    assert _drawn_again(app, reads) == {"newest": 1, "owned": 1, "damages": 1}
