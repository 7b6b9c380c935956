"""Asks a worker what PyTorch's own modules report about the network, without keeping the page waiting."""

from threading import Event
from typing import Any

import streamlit as st

from hw5core.engine.worker_maker import start_worker_maker
from hw5core.errors import EngineError, StoreError
from hw5core.explain.torch_report import ModuleReport
from hw5core.training.module_report import module_report

PATIENCE_SECONDS = 0.15
"""How long a full run of the page waits for the report. It usually takes a fifth of that."""

_POLL_SECONDS = 0.5
_workers_started = Event()


def report_of(text: str) -> ModuleReport | str | None:
    """Return PyTorch's report on the network with this one-line form.

    Returns a sentence if the report failed, and None if it is not there yet.
    """
    if not _workers_started.is_set():
        return None
    try:
        future = _task(text)[0]
    except EngineError as error:
        return f"PyTorch could not check this network: {error}"
    try:
        report: ModuleReport = future.result(timeout=PATIENCE_SECONDS)
        return report
    except TimeoutError:
        return None
    except Exception as error:  # a worker may raise anything; the page works without its report
        _task.clear(text)
        if future.cancelled():  # the workers have lost the question, so it is asked again
            return None
        return f"PyTorch could not check this network ({type(error).__name__}: {str(error)[:200]})"


def prepare_workers() -> None:
    """Let the process that makes the workers import torch, unless the workers run. An edit does not look for it."""
    if not _workers_started.is_set():
        start_worker_maker()


def redraw_when_reported(text: str) -> None:
    """Run the page again as soon as the report is there. Call it last, because it may have to start the workers."""
    # Importing Dask takes longer than starting a server. By now the page is drawn.
    from pages.parts.shared.server import engine

    try:
        engine()
    except (EngineError, StoreError) as error:
        st.info(f"PyTorch has not checked the counts above: {error}")
        return
    _workers_started.set()
    st.fragment(_poll, run_every=_POLL_SECONDS)(text)


def _poll(text: str) -> None:
    if report_of(text) is not None:
        st.rerun()


@st.cache_resource(show_spinner=False, max_entries=128)
def _task(text: str) -> tuple[Any]:
    """Return the Dask future of the report, one per network for all visitors.

    It is inside a tuple because Streamlit refuses to cache an awaitable.
    """
    from pages.parts.shared.server import engine

    return (engine().submit(module_report, text),)
