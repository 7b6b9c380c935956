"""Which run is branched from: one that has ended an epoch, named in the page's address."""

from collections.abc import Callable, Sequence

import streamlit as st

from hw5core.runs.catalogue import Listed, settings
from hw5core.runs.config import RunConfig
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import ALSO

ADDRESS = "run"
"""The parameter in the address that names it."""

MOST_RUNS = 200
_CHOSEN = "branch from"


def chosen_parent(on_change: Callable[[RunConfig], None]) -> RunConfig | None:
    """Draw the choice; the run chosen, or None where a sentence says why there is none. `on_change` is told of another
    one before anything of it is drawn."""
    # What an earlier version trained has another id now, and cannot be gone on from.
    newest = [(run, result) for run, result in run_store().newest(MOST_RUNS) if not Listed(run, result).outdated]
    found = {run.run_id: (run, result) for run, result in newest if result}
    wanted = st.query_params.get(ADDRESS)
    if wanted is None and not found:
        st.info("A branch goes on from the end of an epoch, and no run on this server has ended one yet.")
        st.page_link("pages/train.py", label="Train a race first", icon=":material/trending_up:")
        return None
    if wanted is not None and wanted not in found:
        return _not_in_the_list(wanted, [run for run, _ in newest])
    # A branch of a branch is possible, but nothing to begin with.
    unbranched = (run_id for run_id, (run, _) in found.items() if not run.config.fork)
    shown = wanted if wanted is not None else next(unbranched, next(iter(found)))
    st.query_params[ADDRESS] = shown
    # The address leads: a link that is opened in the same window is followed too.
    st.session_state[_CHOSEN] = shown
    st.selectbox(
        "Branch off this run",
        list(found),
        format_func=lambda run_id: _in_words(*found[run_id]),
        key=_CHOSEN,
        on_change=lambda: _follow(found[st.session_state[_CHOSEN]][0].config, on_change),
    )
    return found[shown][0].config


def _follow(parent: RunConfig, on_change: Callable[[RunConfig], None]) -> None:
    """What was to be shown beside the run before goes with it."""
    st.query_params[ADDRESS] = parent.run_id
    st.query_params.pop(ALSO, None)
    on_change(parent)


def _not_in_the_list(wanted: str, newest: Sequence[Run]) -> RunConfig | None:
    """A run that is old, has not ended an epoch, was deleted while a branch of it is kept, or was never here."""
    run = run_store().run(wanted)
    if run and not Listed(run, None).outdated:
        return run.config
    forks = (run.config.fork for run in newest if run.config.fork)
    parent = next((fork.parent for fork in forks if fork.parent.run_id == wanted), None)
    if parent:
        st.warning(
            "The run that was branched from has been deleted. Its branches are kept: choose what they changed, and "
            "theirs is the only curve. To branch anew, train the run again."
        )
        return parent
    st.error(
        "The run that this link branches from is not on this server: it was deleted, or trained elsewhere, or by an "
        "earlier version. Train it again, or branch off another run."
    )
    st.page_link("pages/fork.py", label="Choose another run", icon=":material/call_split:")
    return None


def _in_words(run: Run, result: EpochResult | None) -> str:
    accuracy = f", {result.test_accuracy:.2f} %" if result else ""
    name = f"{run.name}: " if run.name else ""
    return f"{name}{run.config.label} on {run.config.dataset}{accuracy} ({settings(run.config)})"
