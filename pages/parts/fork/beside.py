"""Which other branches of the run are watched together with the one at hand. The address names them, so that a link
shows the same.
"""

import streamlit as st

from hw5core.runs.catalogue import Listed
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import branches_of
from pages.parts.fork.parent import MOST_RUNS
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import ALSO

MOST_BESIDE = 3
"""More lines than these, the run's and the branch's own cannot be told apart in one chart."""

_CHOSEN = "branch-also-chosen"


def known_branches(parent: RunConfig) -> list[RunConfig]:
    """The branches of this run that anybody has begun on this server, newest first."""
    newest = (Listed(*one) for one in run_store().newest(MOST_RUNS))
    return branches_of(parent, (one.run.config for one in newest if not one.outdated))


def chosen_beside(parent: RunConfig, config: RunConfig) -> tuple[RunConfig, ...]:
    """Draw the choice, where there is any; the branches chosen. A branch that has begun is shown on when the settings
    turn to the next one."""
    known = {branch.run_id: branch for branch in known_branches(parent)}
    asked = list(dict.fromkeys([*st.query_params.get_all(ALSO), *({config.run_id} & known.keys())]))
    others = {run_id: branch.label for run_id, branch in known.items() if branch != config}
    shown = [run_id for run_id in asked if run_id in others][-MOST_BESIDE:]
    if set(asked) - known.keys() - {config.run_id}:
        st.warning(
            "A branch that was to be shown here too is not on this server: it was deleted, or trained elsewhere."
        )
    st.query_params[ALSO] = [run_id for run_id in asked if run_id in (*shown, config.run_id)]
    if others:
        # The address leads: a link that is opened in the same window is followed too.
        st.session_state[_CHOSEN] = shown
        st.multiselect(
            "Also show",
            list(others),
            format_func=others.__getitem__,
            key=_CHOSEN,
            max_selections=MOST_BESIDE,
            placeholder="other branches of this run",
            on_change=_follow,
        )
    return tuple(known[run_id] for run_id in shown)


def _follow() -> None:
    st.query_params[ALSO] = st.session_state[_CHOSEN]
