"""The choice of the run to fork. It needs a finished epoch, and the URL names it."""

from collections.abc import Callable

import streamlit as st

from hw5core.runs.catalogue import Listed, describe_settings
from hw5core.runs.config import RunConfig
from pages.parts.shared.damage import damage_notice
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import ALSO

PARENT = "run"
"""The URL parameter with the id of the run."""

_MISSING = (
    "The run in this link is not on this server. It was deleted, trained on another server, or trained by an earlier "
    "version. Train it again, or fork another run."
)

MAX_RUNS = 200
_CHOSEN = "run to fork"


def newest_runs() -> list[Listed]:
    """Read the newest runs from the store, with the result of their last epoch.

    Runs of an earlier training version are left out: they have other ids now, so they cannot be continued.
    """
    listed = (Listed(run, result) for run, result in run_store().newest(MAX_RUNS))
    return [one for one in listed if not one.outdated]


def chosen_parent(newest: list[Listed], on_change: Callable[[RunConfig], None]) -> RunConfig | None:
    """Draw the choice and return the run. If there is none, say why and return None.

    `on_change` is called with the new run when the user chooses another one, before the page is drawn.
    """
    forkable = {one.run.run_id: one for one in newest if one.result}
    wanted = st.query_params.get(PARENT)
    if wanted is None and not forkable:
        st.info("A fork starts at the end of an epoch. No run on this server has finished an epoch yet.")
        st.page_link("pages/train.py", label="Train a race first", icon=":material/trending_up:")
        return None
    if wanted is not None and wanted not in forkable:
        return _unlisted_parent(wanted, newest)
    # The default is the newest run that is not a fork itself.
    no_forks = (run_id for run_id, one in forkable.items() if not one.run.config.fork)
    shown = wanted if wanted is not None else next(no_forks, next(iter(forkable)))
    st.query_params[PARENT] = shown
    # The URL decides, so that a link opened in the same window works too.
    st.session_state[_CHOSEN] = shown
    st.selectbox(
        "Run to fork",
        list(forkable),
        format_func=lambda run_id: _in_words(forkable[run_id]),
        key=_CHOSEN,
        on_change=lambda: _change(forkable[st.session_state[_CHOSEN]].run.config, on_change),
    )
    return forkable[shown].run.config


def _change(parent: RunConfig, on_change: Callable[[RunConfig], None]) -> None:
    st.query_params[PARENT] = parent.run_id
    st.query_params.pop(ALSO, None)
    on_change(parent)


def _unlisted_parent(wanted: str, newest: list[Listed]) -> RunConfig | None:
    """Return the config of a run that is old, has no finished epoch, or was deleted or damaged after it was forked. If
    the server does not know it, say so and return None."""
    run = run_store().run(wanted)
    if run and not Listed(run, None).outdated:
        return run.config
    forks = (one.run.config.fork for one in newest if one.run.config.fork)
    parent = next((fork.parent for fork in forks if fork.parent.run_id == wanted), None)
    damages = run_store().damages([wanted])
    damage_notice(damages, {wanted: "The parent run"})
    if parent and damages:
        return parent
    if parent:
        st.warning(
            "The parent run has been deleted. Its forks still exist: choose their settings to see their curves. For a "
            "new fork, train the parent again."
        )
        return parent
    if not damages:
        st.error(_MISSING)
    st.page_link("pages/fork.py", label="Choose another run", icon=":material/call_split:")
    return None


def _in_words(one: Listed) -> str:
    accuracy = f", {one.result.test_accuracy:.2f} %" if one.result else ""
    name = f"{one.run.name}: " if one.run.name else ""
    config = one.run.config
    return f"{name}{config.label} on {config.dataset}{accuracy} ({describe_settings(config)})"
