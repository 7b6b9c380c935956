"""Asks a worker what PyTorch's own modules say of the network, without ever keeping the page waiting."""

from threading import Event
from typing import Any

import streamlit as st

from hw5core.explain.summary import ModuleFacts, ask_module

PATIENCE_SECONDS = 0.15
"""How long a full run of the page waits for the answer: normally it takes a fifth of that."""

_POLL_SECONDS = 0.5
_workers_are_up = Event()


def answer(text: str) -> ModuleFacts | str | None:
    """What the network's modules say; a sentence if they could not be asked; None if they have not answered yet."""
    if not _workers_are_up.is_set():
        return None
    try:
        facts: ModuleFacts = _question(text)[0].result(timeout=PATIENCE_SECONDS)
        return facts
    except TimeoutError:
        return None
    except Exception as error:  # whatever a worker may raise, the lesson goes on without its opinion
        _question.clear(text)
        return f"PyTorch could not be asked about this network ({type(error).__name__}: {str(error)[:200]})"


def await_answer(text: str) -> None:
    """Draw the page anew as soon as the answer is there. Call it last: it may have to start the workers."""
    # Only now: Dask takes longer to import than a server to start, and the page is drawn by then.
    from hw5core.errors import EngineError, StoreError
    from pages.parts.shared.server import engine

    try:
        engine()
    except (EngineError, StoreError) as error:
        st.info(f"The counts above stand unchecked: {error}")
        return
    _workers_are_up.set()
    st.fragment(_watch, run_every=_POLL_SECONDS)(text)


def _watch(text: str) -> None:
    if answer(text) is not None:
        st.rerun()


@st.cache_resource(show_spinner=False, max_entries=128)
def _question(text: str) -> tuple[Any]:
    """One question per network for everybody who looks at it; Dask's future holds the answer. It comes in a tuple
    because Streamlit refuses to cache what could be awaited."""
    from pages.parts.shared.server import engine  # by now it is there: `await_answer` has imported it

    return (engine().submit(ask_module, text),)
