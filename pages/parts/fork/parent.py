"""The choice of the run to fork. It needs a finished epoch, and the URL names it."""

from collections.abc import Callable, Sequence

import streamlit as st

from hw5core.runs.catalogue import Listed, settings
from hw5core.runs.config import RunConfig
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import ALSO

PARENT = "run"
"""The URL parameter with the id of the run."""

MOST_RUNS = 200
_CHOSEN = "run to fork"


def chosen_parent(on_change: Callable[[RunConfig], None]) -> RunConfig | None:
    """Draw the choice and return the run. If there is none, say why and return None.

    `on_change` is called with the new run when the user chooses another one, before the page is drawn.
    """
    # Runs of an earlier training version have other ids now, so they cannot be continued.
    newest = [(run, result) for run, result in run_store().newest(MOST_RUNS) if not Listed(run, result).outdated]
    forkable = {run.run_id: (run, result) for run, result in newest if result}
    wanted = st.query_params.get(PARENT)
    if wanted is None and not forkable:
        st.info("A fork starts at the end of an epoch. No run on this server has finished an epoch yet.")
        st.page_link("pages/train.py", label="Train a race first", icon=":material/trending_up:")
        return None
    if wanted is not None and wanted not in forkable:
        return _unlisted_parent(wanted, [run for run, _ in newest])
    # The default is the newest run that is not a fork itself.
    no_forks = (run_id for run_id, (run, _) in forkable.items() if not run.config.fork)
    shown = wanted if wanted is not None else next(no_forks, next(iter(forkable)))
    st.query_params[PARENT] = shown
    # The URL decides, so that a link opened in the same window works too.
    st.session_state[_CHOSEN] = shown
    st.selectbox(
        "Run to fork",
        list(forkable),
        format_func=lambda run_id: _in_words(*forkable[run_id]),
        key=_CHOSEN,
        on_change=lambda: _change(forkable[st.session_state[_CHOSEN]][0].config, on_change),
    )
    return forkable[shown][0].config


def _change(parent: RunConfig, on_change: Callable[[RunConfig], None]) -> None:
    st.query_params[PARENT] = parent.run_id
    st.query_params.pop(ALSO, None)
    on_change(parent)


def _unlisted_parent(wanted: str, newest: Sequence[Run]) -> RunConfig | None:
    """Return the config of a run that is old, has no finished epoch, or was deleted after it was forked. If the server
    does not know it, say so and return None."""
    run = run_store().run(wanted)
    if run and not Listed(run, None).outdated:
        return run.config
    forks = (run.config.fork for run in newest if run.config.fork)
    parent = next((fork.parent for fork in forks if fork.parent.run_id == wanted), None)
    if parent:
        st.warning(
            "The parent run has been deleted. Its forks still exist: choose their settings to see their curves. For a "
            "new fork, train the parent again."
        )
        return parent
    st.error(
        "The run in this link is not on this server. It was deleted, trained on another server, or trained by an "
        "earlier version. Train it again, or fork another run."
    )
    st.page_link("pages/fork.py", label="Choose another run", icon=":material/call_split:")
    return None


def _in_words(run: Run, result: EpochResult | None) -> str:
    accuracy = f", {result.test_accuracy:.2f} %" if result else ""
    name = f"{run.name}: " if run.name else ""
    return f"{name}{run.config.label} on {run.config.dataset}{accuracy} ({settings(run.config)})"
