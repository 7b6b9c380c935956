"""The other forks of the same parent that are shown too. The URL names them, so a link opens the same view."""

import streamlit as st

from hw5core.runs.catalogue import Listed
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import forks_of
from pages.parts.shared.settings import ALSO

MAX_OTHERS = 3
"""With more lines than these, the parent's and the fork's, a chart is not readable."""

_CHOSEN = "other forks"


def known_forks(parent: RunConfig, newest: list[Listed]) -> list[RunConfig]:
    """Return the configs of those runs that are forks of the parent, newest first."""
    return forks_of(parent, (one.run.config for one in newest))


def chosen_others(config: RunConfig, forks: list[RunConfig]) -> tuple[RunConfig, ...]:
    """Draw the choice of the forks that are shown besides this one, if there are any, and return the chosen ones.

    A fork that has been started stays visible when the settings change to the next one.
    """
    known = {fork.run_id: fork for fork in forks}
    wanted = list(dict.fromkeys([*st.query_params.get_all(ALSO), *({config.run_id} & known.keys())]))
    labels = {run_id: fork.label for run_id, fork in known.items() if fork != config}
    shown = [run_id for run_id in wanted if run_id in labels][-MAX_OTHERS:]
    if set(wanted) - known.keys() - {config.run_id}:
        st.warning("Another fork in this link is not on this server. It was deleted, or trained on another server.")
    st.query_params[ALSO] = [run_id for run_id in wanted if run_id in (*shown, config.run_id)]
    if labels:
        # The URL decides, so that a link opened in the same window works too.
        st.session_state[_CHOSEN] = shown
        st.multiselect(
            "Also show",
            list(labels),
            format_func=labels.__getitem__,
            key=_CHOSEN,
            max_selections=MAX_OTHERS,
            placeholder="other forks of this run",
            on_change=_store_in_url,
        )
    return tuple(known[run_id] for run_id in shown)


def _store_in_url() -> None:
    st.query_params[ALSO] = st.session_state[_CHOSEN]
