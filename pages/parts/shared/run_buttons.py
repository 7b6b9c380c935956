"""The buttons of the runs on a page: start or resume, step, pause, stop."""

from collections.abc import Callable, Sequence

import streamlit as st

from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import engine, owner, run_store

_START = "Trains on this server's workers until the last epoch, even after you close the page."
_RESUME = "Trains on from the last batch. On one machine, the results are the same as without the break."
_STEP = "Trains one batch of each network, shows what happened, and pauses. The results do not change."
_PAUSE = "Pauses after the current batch. Then you can train one batch at a time. For an hour, only you can resume."
_STOP = "Stops after the current batch. The results so far stay, and anyone can resume."


def run_buttons(configs: Sequence[RunConfig], runs: Sequence[RunHistory], noun: str, allowed: bool = True) -> bool:
    """Draw the buttons that fit the state of the runs, and perform the action of the button that was pressed.

    `noun` names the runs together ("race"). `allowed` says whether the user may start them. Runs that are already in
    progress, started earlier or before a restart of the server, are joined without a click. Return True if there are
    runs and this user owns all of them.
    """
    active = [run.config for run in runs if not run.status.over]
    finished = len(runs) == len(configs) and all(run.status is Status.FINISHED for run in runs)
    action = None if finished else _start_buttons(configs, runs, noun, bool(active), allowed)
    is_owner = bool(runs) and {run.run_id for run in runs} <= run_store().owned(owner())
    if is_owner and active:
        action = _halt_buttons(runs) or action
    if active and not action:
        engine().start(active, owner())
    if action and perform(action):
        st.rerun()
    return is_owner


def _start_buttons(
    configs: Sequence[RunConfig], runs: Sequence[RunHistory], noun: str, active: bool, allowed: bool
) -> Callable[[], None] | None:
    """Draw start or resume, and the step of one batch. Return the action of the pressed button."""
    label = f"The {noun} is running" if active else "Resume" if runs else f"Start the {noun}"
    help = None if active else _RESUME if runs else _START
    if st.button(label, type="primary", icon=":material/play_arrow:", disabled=active or not allowed, help=help):
        return lambda: engine().start(configs, owner())
    if active:
        return None
    finished = {run.run_id for run in runs if run.status is Status.FINISHED}
    steppable = [config for config in configs if config.run_id not in finished]
    if st.button("Step: one batch", icon=":material/skip_next:", disabled=not allowed, help=_STEP):
        return lambda: engine().step(steppable, owner())
    return None


def _halt_buttons(runs: Sequence[RunHistory]) -> Callable[[], None] | None:
    """Draw pause and stop. Return the action of the pressed button."""
    if st.button("Pause", icon=":material/pause:", help=_PAUSE):
        return lambda: _for_each(runs, engine().pause)
    if st.button("Stop", icon=":material/stop:", help=_STOP):
        return lambda: _for_each(runs, engine().stop)
    return None


def _for_each(runs: Sequence[RunHistory], action: Callable[[str, str], None]) -> None:
    for run in runs:
        action(run.run_id, owner())


def perform(action: Callable[[], None]) -> bool:
    """Perform the action and return True. If the engine refuses it, show the reason and return False."""
    try:
        with st.spinner("Please wait …"):
            action()
    except EngineError as error:
        st.error(plain(error))
        return False
    return True
