"""Pages of a store with damaged runs: they show all others, say what is damaged, and offer to start the run again."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query, race_query
from tests.pages.conftest import button, rerun_until
from tools.training import train_into

RACE = race(RunConfig(network="1x28x28 flatten linear16 relu linear10", training_images=20, epochs=2))
FORK = fork(RACE[0], 0, "tanh", 0.005)
OTHER = replace(RACE[0], seed=1)


@pytest.fixture
def store() -> RunStore:
    """Return the server's store with a race, a fork and another run, all trained."""
    filled = RunStore(home.store_folder())
    train_into(filled, *RACE, FORK, OTHER, owner="me")
    return filled


def _change(store: RunStore, query: str, config: RunConfig) -> None:
    with closing(sqlite3.connect(store.path)) as database, database:
        assert database.execute(query, (config.run_id,)).rowcount


@pytest.mark.parametrize(
    "query",
    [
        "UPDATE runs SET config = replace(config, 'epochs', 'epocgs') WHERE run_id = ?",
        "UPDATE runs SET status = 'finisied' WHERE run_id = ?",
        "UPDATE records SET body = replace(body, '1', '2') WHERE kind = 'BatchLosses' AND run_id = ?",
    ],
)
def test_the_list_of_runs_shows_all_others(open_page: Callable[..., AppTest], store: RunStore, query: str) -> None:
    _change(store, query, RACE[0])
    app = open_page("runs", compare=[config.run_id for config in (*RACE, OTHER)])
    assert not app.exception
    assert not app.error
    assert len(app.dataframe[0].value) == 3
    (notice,) = (one.value for one in app.warning if "1 run cannot be read" in one.value)
    assert RACE[0].run_id[:6] in notice
    assert "Start the run again" in notice
    assert "not on this server" not in " ".join(one.value for one in app.warning)


def test_a_race_shows_its_intact_run_and_starts_the_damaged_one_again(
    open_page: Callable[..., AppTest], store: RunStore
) -> None:
    before = store.records(RACE[1].run_id)[0]
    _change(store, "UPDATE records SET body = replace(body, '1', '2') WHERE run_id = ?", RACE[0])
    app = open_page("train", owner="me", **dict(race_query(RACE)))
    assert not app.exception
    assert not app.error
    assert app.warning[0].value.startswith("**ReLU** cannot be read: ")
    button(app, "Resume").click().run()
    rerun_until(app, lambda _: (run := store.run(RACE[0].run_id)) and run.status is Status.FINISHED)
    assert not app.run().warning
    assert store.records(RACE[1].run_id)[0] == before


def test_a_fork_of_a_damaged_run_is_shown(open_page: Callable[..., AppTest], store: RunStore) -> None:
    _change(store, "UPDATE runs SET status = 'x' WHERE run_id = ?", RACE[0])
    app = open_page("fork", owner="me", **dict(fork_query(FORK)))
    assert not app.exception
    assert not app.error
    assert app.warning[0].value.startswith("**The parent run** cannot be read: ")
    assert [one.label for one in app.get("download_button")] == [f"Receipt of {FORK.label}"]


def test_a_link_to_a_damaged_run_without_forks_says_what_to_do(
    open_page: Callable[..., AppTest], store: RunStore
) -> None:
    _change(store, "UPDATE runs SET status = 'x' WHERE run_id = ?", OTHER)
    app = open_page("fork", owner="me", run=OTHER.run_id)
    assert not app.exception
    assert app.warning[0].value.startswith("**The parent run** cannot be read: ")
    assert "Choose another run" in [one.label for one in app.get("page_link")]


def test_a_sweep_says_that_a_run_cannot_be_read(open_page: Callable[..., AppTest], store: RunStore) -> None:
    _change(store, "UPDATE runs SET status = 'x' WHERE run_id = ?", RACE[0])
    query = {name: value for name, value in race_query(RACE) if name != "learning-rate-digits"}
    app = open_page("sweep", owner="me", seeds="1", **{"learning-rates": "0.005"}, **query)
    assert not app.exception
    assert any("A run cannot be read" in one.value for one in app.error)
    assert button(app, "Resume")


def _overwrite(path: Path, start: float, new: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * start))
        file.write(new)


FILE_DAMAGES: dict[str, Callable[[Path], object]] = {
    "an empty file": lambda path: path.write_bytes(b""),
    "pages in the middle": lambda path: _overwrite(path, 0.4, b"\xff" * 40_000),
    "a file in the place of a folder": lambda path: (
        shutil.rmtree(path.with_name("servers"), ignore_errors=True),
        path.with_name("servers").write_text("x"),
    ),
}


@pytest.mark.parametrize("damage", FILE_DAMAGES)
def test_no_page_breaks_when_the_files_are_damaged(
    open_page: Callable[..., AppTest], store: RunStore, damage: str
) -> None:
    def open_all() -> list[str]:
        pages = [
            open_page("runs", owner="me", compare=[config.run_id for config in RACE]),
            open_page("train", owner="me", batch="2", **dict(race_query(RACE))),
            open_page("fork", owner="me", **dict(fork_query(FORK))),
        ]
        assert not [app.exception for app in pages if app.exception]
        return [one.value for app in pages for one in (*app.error, *app.warning)]

    assert not open_all()
    FILE_DAMAGES[damage](store.path)
    open_all()
    # After a restart.
    st.cache_resource.clear()
    assert open_all()
