"""What exists once per server and is shared by all its sessions: the store of runs, the engine, who follows a run."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from hw5core import home
from hw5core.engine.engine import Engine
from hw5core.errors import EngineError
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.owners import LECTURER
from hw5core.store.store import RunStore
from pages.parts.shared.browser import browser
from pages.parts.shared.lecturer import is_lecturer

ANSWER_SECONDS = 60
"""How long a worker's answer is waited for: it may be starting, or reading MNIST for the first time."""


@st.cache_resource(show_spinner=False)
def run_store() -> RunStore:
    """The store. Raises StoreError when its folder cannot be used."""
    return RunStore(home.store_folder())


@st.cache_resource(show_spinner="Starting the workers that train …", on_release=Engine.close)
def engine() -> Engine:
    """The engine, with its workers. Raises EngineError when they cannot be reached."""
    started = Engine(run_store())
    _engines()[:] = [started]
    return started


@st.cache_resource(show_spinner=False)
def _engines() -> list[Engine]:
    return []


def started_engine() -> Engine | None:
    """The engine if it has been started: what is drawn before that need not wait for it."""
    return next(iter(_engines()), None)


def planned() -> dict[str, str | None]:
    """The runs that this server has planned, and who planned each: none while its engine has not been started."""
    started = started_engine()
    return started.planned() if started else {}


def ask_worker(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a short, pure function gives on a worker, which has torch and the images. Raises EngineError, with a
    sentence, for whatever goes wrong there."""
    try:
        return engine().submit(function, *arguments).result(timeout=ANSWER_SECONDS)
    except EngineError:
        raise
    except Exception as error:  # a function's own error, a worker's death or no answer in time
        what = str(error)[:200] or "no answer in time"
        raise EngineError(f"A worker could not answer ({type(error).__name__}: {what}). Try again.") from error


@st.cache_resource(show_spinner=False, max_entries=256)
def follower(run_id: str) -> Follower:
    """Everybody who watches a run shares one reader, so a record is read from the store once. It is a lean one."""
    return Follower(run_store(), run_id, lean=True)


@st.cache_resource(show_spinner=False, max_entries=16)
def group_follower(run_ids: tuple[str, ...]) -> GroupFollower:
    """Everybody who watches the same runs shares one reader of them."""
    return GroupFollower(run_store(), run_ids)


def owner() -> str:
    """Whoever this is to the engine: what they start, they may also pause, stop and delete, after a reload too."""
    return LECTURER if is_lecturer(browser()) else browser()
