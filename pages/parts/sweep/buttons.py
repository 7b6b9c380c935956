"""The buttons of a sweep: start or go on, pause, stop. Each says what it will do."""

from collections.abc import Callable

import streamlit as st

from hw5core.runs.sweeps import Sweep
from pages.parts.shared.run_buttons import granted
from pages.parts.shared.server import engine, owner, planned, run_store
from pages.parts.sweep.histories import Runs

_START = "Trains its runs one after another on this server's workers. It goes on when you close the page."
_GO_ON = "Trains what is missing; runs that rest end with the very numbers they would have had without the rest."
_PAUSE = "Its runs rest where they are, and none begins, until you go on. For an hour only you can."
_STOP = "Ends its runs where they are, and none begins. What there is stays."

Halt = Callable[[str, str], None]


def sweep_buttons(sweep: Sweep, runs: Runs, going: bool) -> None:
    """Draw those that fit what the sweep is doing, and do what was pressed. What was begun earlier, even before a
    restart, goes on unasked; who joins a sweep under way watches it."""
    label = "The sweep is running" if going else "Go on with the sweep" if runs else "Start the sweep"
    help = None if going else _GO_ON if runs else _START
    with st.container(horizontal=True):
        pressed = st.button(label, type="primary", icon=":material/play_arrow:", disabled=going, help=help)
        halt = _halting() if going and _is_mine(sweep, runs) else None
    wish = _wish(sweep, runs, pressed, halt)
    if wish and granted(wish) and (pressed or halt):
        st.rerun()


def _wish(sweep: Sweep, runs: Runs, pressed: bool, halt: Halt | None) -> Callable[[], None] | None:
    if halt:
        return lambda: _halt(sweep, runs, halt)
    begun = [run.run.config for run in runs.values() if not run.run.status.over]
    asked = sweep.unfinished(runs) if pressed else begun
    return (lambda: engine().plan(asked, owner())) if asked else None


def _is_mine(sweep: Sweep, runs: Runs) -> bool:
    """Whether this person began some of what is under way or planned it."""
    plans = planned()
    return bool(_mine(runs)) or owner() in {plans[run_id] for run_id in sweep.run_ids.values() if run_id in plans}


def _mine(runs: Runs) -> list[str]:
    """The runs under way that this person may halt: what others asked for first is theirs."""
    owned = run_store().owned(owner())
    return [run_id for run_id, run in runs.items() if run_id in owned and not run.run.status.over]


def _halting() -> Halt | None:
    if st.button("Pause", icon=":material/pause:", help=_PAUSE):
        return engine().pause
    return engine().stop if st.button("Stop", icon=":material/stop:", help=_STOP) else None


def _halt(sweep: Sweep, runs: Runs, halt: Halt) -> None:
    engine().withdraw(sweep.run_ids.values(), owner())
    for run_id in _mine(runs):
        halt(run_id, owner())
