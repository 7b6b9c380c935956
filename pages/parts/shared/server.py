"""The objects that all sessions of a server share: the run store, the engine, and the followers of runs."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from hw5core import home
from hw5core.engine.engine import Engine
from hw5core.errors import EngineError, LabError
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore
from hw5core.store.summaries import Summaries
from hw5core.store.votes import BallotBox
from pages.parts.shared.browser import browser
from pages.parts.shared.lecturer import is_lecturer
from pages.parts.shared.long_lived import exempt_libraries

WORKER_SECONDS = 60
"""The longest wait for a short task. The worker may have to start first, or read MNIST for the first time."""


@st.cache_resource(show_spinner=False)
def run_store() -> RunStore:
    """Return the run store. Raises StoreError if its folder cannot be used."""
    return RunStore(home.store_folder())


@st.cache_resource(show_spinner="Starting the workers that train …", on_release=Engine.close)
def engine() -> Engine:
    """Return the engine, and start it with its workers if necessary. Raises EngineError if they cannot be reached."""
    started = Engine(run_store())
    _engines()[:] = [started]
    exempt_libraries()
    return started


@st.cache_resource(show_spinner=False)
def _engines() -> list[Engine]:
    return []


def started_engine() -> Engine | None:
    """Return the engine, or None before its start. Unlike `engine`, this never waits."""
    return next(iter(_engines()), None)


def planned() -> dict[str, str | None]:
    """Return the ids of the runs that this server has planned, each with its owner. Empty before the engine starts."""
    started = started_engine()
    return started.planned() if started else {}


def ask_worker(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of a short function that runs on a worker, where torch and the images are.

    Raises the function's LabError, and EngineError for any other failure: another error, a lost worker, or no result
    within WORKER_SECONDS.
    """
    future = engine().submit(function, *arguments)
    try:
        return future.result(timeout=WORKER_SECONDS)
    except LabError:
        raise
    except Exception as error:
        if future.cancelled():
            raise EngineError("The connection to the workers was lost. Try again.") from error
        reason = str(error)[:200] or "no result in time"
        raise EngineError(f"A worker has failed ({type(error).__name__}: {reason}). Try again.") from error


@st.cache_resource(show_spinner=False, max_entries=256)
def follower(run_id: str) -> Follower:
    """Return the run's follower. All viewers share it, so each record is read from the store once. It is lean."""
    return Follower(run_store(), run_id, lean=True)


@st.cache_resource(show_spinner=False, max_entries=16)
def group_follower(run_ids: tuple[str, ...]) -> GroupFollower:
    """Return the follower of these runs, which all viewers of the same runs share."""
    return GroupFollower(run_store(), run_ids)


@st.cache_resource(show_spinner=False, max_entries=64)
def ballot_box(race: str) -> BallotBox:
    """Return the votes on this race, which all viewers share."""
    return BallotBox(run_store(), race)


@st.cache_resource(show_spinner=False)
def summaries() -> Summaries:
    """Return the reader of all runs' summaries, which all viewers share."""
    return Summaries(run_store())


def owner() -> str:
    """Return the name under which this browser owns runs. An owner may pause, stop and delete a run."""
    return LECTURER if is_lecturer(browser()) else browser()
