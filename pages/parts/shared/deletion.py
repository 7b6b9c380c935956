"""Deleting runs: a question that says what is deleted and who is watching, and a minute in which it can be undone."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import streamlit as st

from hw5core.runs.config import RunConfig
from hw5core.runs.sweeps import Sweep
from hw5core.store.permissions import may_restore
from hw5core.store.trash import Deletion
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import other_sessions
from pages.parts.shared.run_buttons import perform
from pages.parts.shared.server import engine, owner

_ASKED = "runs to delete"
"""The key of the ids of the runs about whose deletion this session is asked."""


def delete_button(configs: Sequence[RunConfig], noun: str) -> None:
    """Draw the button that asks whether to delete these runs, or the question once it was pressed.

    `noun` names the runs together ("race").
    """
    ids = [config.run_id for config in configs]
    if st.session_state.get(_ASKED) == ids:
        _ask(configs)
        return
    label = f"Delete this {noun} for everyone"
    st.button(label, icon=":material/delete:", type="tertiary", on_click=_set_asked, args=(ids,),
              help="Asks first. You can undo it for a minute.")  # fmt: skip


def _set_asked(ids: Sequence[str]) -> None:
    st.session_state[_ASKED] = ids


def _ask(configs: Sequence[RunConfig]) -> None:
    """Draw the question, and delete the runs if the answer is yes."""
    labels = ", ".join(config.label for config in configs)
    runs = "run" if len(configs) == 1 else f"{len(configs)} runs"
    with st.container(border=True):
        st.markdown(
            f"This deletes the {runs} **{plain(labels)}** with all results and checkpoints. {_watching(configs)} "
            "You can undo it for one minute."
        )
        with st.container(horizontal=True):
            if st.button("Delete", type="primary", icon=":material/delete:") and perform(lambda: _delete(configs)):
                _set_asked([])
                st.rerun()
            st.button("Keep", on_click=_set_asked, args=([],))


def _watching(configs: Collection[RunConfig]) -> str:
    wanted = set(configs)
    others = other_sessions(lambda shown: bool(wanted & _runs_in(shown)))
    if not others:
        return "Nobody else is watching."
    return "One other session is watching." if others == 1 else f"{others} other sessions are watching."


def _runs_in(shown: object) -> set[RunConfig]:
    """Return the runs that an argument of a subscription names."""
    if isinstance(shown, Sweep):
        return set(shown.configs.values())
    if isinstance(shown, tuple):
        return set().union(*map(_runs_in, shown))
    return {shown} if isinstance(shown, RunConfig) else set()


def _delete(configs: Iterable[RunConfig]) -> None:
    for config in configs:
        engine().delete(config.run_id, owner())


def deletion_notice(deletions: Sequence[Deletion], labels: Mapping[str, str], also: str = "") -> None:
    """Say which runs were deleted, and offer to undo it to those who may. `labels` names each run id. `also` is added
    to the notice."""
    if not deletions:
        return
    for reason in dict.fromkeys(one.reason for one in deletions):
        names = ", ".join(labels[one.run_id] for one in deletions if one.reason == reason)
        st.warning(f"**{plain(names)}**: deleted {reason}. {also}")
    own = [one.run_id for one in deletions if not one.is_final and may_restore(owner(), one)]
    if own and st.button("Undo the deletion", icon=":material/undo:") and perform(lambda: _restore(own)):
        st.rerun()


def _restore(run_ids: Iterable[str]) -> None:
    for run_id in run_ids:
        engine().restore(run_id, owner())
