"""What exists once per server and is shared by all its sessions: the store of runs, the engine, who follows a run."""

import uuid

import streamlit as st

from hw5core import home
from hw5core.engine import Engine
from hw5core.progress import Follower
from hw5core.runs import RunStore


@st.cache_resource(show_spinner=False)
def run_store() -> RunStore:
    """The store. Raises StoreError when its folder cannot be used."""
    return RunStore(home.store_folder())


@st.cache_resource(show_spinner="Starting the workers that train …", on_release=Engine.close)
def engine() -> Engine:
    """The engine, with its workers. Raises EngineError when they cannot be reached."""
    return Engine(run_store())


@st.cache_resource(show_spinner=False, max_entries=64)
def follower(run_id: str) -> Follower:
    """Everybody who watches a run shares one reader, so a record is read from the store once."""
    return Follower(run_store(), run_id)


def owner() -> str:
    """This session's token: what it starts, it may also pause, stop and delete."""
    token: str = st.session_state.setdefault("owner", uuid.uuid4().hex)
    return token
