"""The buttons of a sweep: start or resume, pause, stop."""

from collections.abc import Callable

import streamlit as st

from hw5core.store.owners import is_guest
from hw5core.store.permissions import Action, may_withdraw
from pages.parts.shared.address import address
from pages.parts.shared.run_buttons import perform
from pages.parts.shared.server import engine, owner, run_store
from pages.parts.sweep.snapshot import SweepSnapshot

_START = "Trains the runs one after another on this server's workers, even after you close the page."
_RESUME = "Trains the missing runs. On one machine, the results of paused runs are the same as without a pause."
_PAUSE = "Pauses the runs, and starts no more until you resume. For a while, only you can resume."
_STOP = "Stops the runs, and starts no more. The results so far stay."


def sweep_buttons(snapshot: SweepSnapshot) -> None:
    """Draw the buttons that fit the state of the sweep, and perform the action of the button that was pressed.

    Runs that are already in progress, started earlier or before a restart of the server, are joined without a click.
    """
    active, runs = snapshot.active, snapshot.runs
    label = "The sweep is running" if active else "Resume" if runs else "Start the sweep"
    help = None if active else _RESUME if runs else _START
    halt: Callable[[str, str], None] | None = None
    with st.container(horizontal=True):
        start = st.button(label, type="primary", icon=":material/play_arrow:", disabled=active, help=help)
        own = _own_active(snapshot) if active else []
        if own or any(may_withdraw(owner(), planner) for planner in snapshot.plans.values()):
            if st.button("Pause", icon=":material/pause:", help=_PAUSE):
                halt = engine().pause
            if st.button("Stop", icon=":material/stop:", help=_STOP):
                halt = engine().stop
    if halt and perform(lambda: _halt(snapshot, own, halt)):
        st.rerun()
    in_progress = [run.config for run in runs.values() if not run.status.over]
    if not is_guest(owner()):
        # What the lecturer looks at comes first, also if a guest has planned it.
        in_progress += [config for config in snapshot.unfinished if config.run_id in snapshot.plans]
    configs = snapshot.unfinished if start else [] if halt else in_progress
    if configs and perform(lambda: engine().plan(configs, owner(), address())) and start:
        st.rerun()


def _own_active(snapshot: SweepSnapshot) -> list[str]:
    """Return the ids of the active runs that this user may halt. Others may have started some of them."""
    active = [run_id for run_id, run in snapshot.runs.items() if not run.status.over]
    permitted = run_store().permitted(Action.HALT, owner(), active)
    return [run_id for run_id in active if run_id in permitted]


def _halt(snapshot: SweepSnapshot, own: list[str], halt: Callable[[str, str], None]) -> None:
    """Withdraw this user's plan of the sweep, then pause or stop the user's runs."""
    engine().withdraw(snapshot.sweep.run_ids.values(), owner())
    for run_id in own:
        halt(run_id, owner())
