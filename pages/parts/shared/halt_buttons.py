"""The buttons that pause or stop many runs together."""

from collections.abc import Callable

import streamlit as st

from hw5core.store.permissions import Action, may_withdraw
from pages.parts.shared.group_snapshot import GroupSnapshot
from pages.parts.shared.server import engine, owner, run_store

_PAUSE = "Pauses the runs, and starts no more until you resume. For a while, only you can resume."
_STOP = "Stops the runs, and starts no more. The results so far stay."


def halt_buttons(snapshot: GroupSnapshot) -> Callable[[], None] | None:
    """Draw pause and stop for a user who may halt some of the runs. Return the action of the pressed button."""
    own = _own_active(snapshot) if snapshot.active else []
    halt: Callable[[str, str], None] | None = None
    if own or any(may_withdraw(owner(), planner) for planner in snapshot.plans.values()):
        if st.button("Pause", icon=":material/pause:", help=_PAUSE):
            halt = engine().pause
        if st.button("Stop", icon=":material/stop:", help=_STOP):
            halt = engine().stop
    return (lambda: _halt(snapshot, own, halt)) if halt else None


def _own_active(snapshot: GroupSnapshot) -> list[str]:
    """Return the ids of the active runs that this user may halt. Others may have started some of them."""
    active = [run_id for run_id, run in snapshot.runs.items() if not run.status.over]
    permitted = run_store().permitted(Action.HALT, owner(), active)
    return [run_id for run_id in active if run_id in permitted]


def _halt(snapshot: GroupSnapshot, own: list[str], halt: Callable[[str, str], None]) -> None:
    """Withdraw this user's plan of the runs, then pause or stop the user's runs."""
    engine().withdraw((config.run_id for config in snapshot.configs), owner())
    for run_id in own:
        halt(run_id, owner())
