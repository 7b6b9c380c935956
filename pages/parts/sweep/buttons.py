"""The buttons of a sweep: start or resume, pause, stop."""

import streamlit as st

from hw5core.store.owners import is_guest
from pages.parts.shared.address import address
from pages.parts.shared.halt_buttons import halt_buttons
from pages.parts.shared.run_buttons import perform
from pages.parts.shared.server import engine, owner
from pages.parts.sweep.snapshot import SweepSnapshot

_START = "Trains the runs one after another on this server's workers, even after you close the page."
_RESUME = "Trains the missing runs. On one machine, the results of paused runs are the same as without a pause."


def sweep_buttons(snapshot: SweepSnapshot) -> None:
    """Draw the buttons that fit the state of the sweep, and perform the action of the button that was pressed.

    Runs that are already in progress, started earlier or before a restart of the server, are joined without a click.
    """
    active, runs = snapshot.active, snapshot.runs
    label = "The sweep is running" if active else "Resume" if runs else "Start the sweep"
    help = None if active else _RESUME if runs else _START
    with st.container(horizontal=True):
        start = st.button(label, type="primary", icon=":material/play_arrow:", disabled=active, help=help)
        halt = halt_buttons(snapshot)
    if halt and perform(halt):
        st.rerun()
    in_progress = [run.config for run in runs.values() if not run.status.over]
    if not is_guest(owner()):
        # What the lecturer looks at comes first, also if a guest has planned it.
        in_progress += [config for config in snapshot.unfinished if config.run_id in snapshot.plans]
    configs = snapshot.unfinished if start else [] if halt else in_progress
    if configs and perform(lambda: engine().plan(configs, owner(), address())) and start:
        st.rerun()
