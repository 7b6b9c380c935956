"""The buttons of the runs on a page: start or resume, step, pause, stop."""

from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.store.owners import is_guest
from hw5core.store.permissions import GUEST_PAUSE_SECONDS, PAUSE_SECONDS, Action
from pages.parts.shared.address import address
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import engine, owner, run_store

_START = "Trains on this server's workers until the last epoch, even after you close the page."
_RESUME = "Trains on from the last batch. On one machine, the results are the same as without the break."
_STEP = "Trains one batch of each network, shows what happened, and pauses. The results do not change."
_PAUSE = "Pauses after the current batch. Then you can train one batch at a time. For a while, only you can resume."
_STOP = "Stops after the current batch. The results so far stay, and anyone can resume."


def run_buttons(configs: Sequence[RunConfig], runs: Sequence[RunHistory], noun: str, allowed: bool = True) -> bool:
    """Draw the buttons that fit the state of the runs, and perform the action of the button that was pressed.

    `noun` names the runs together ("race"). `allowed` says whether the user may start them. Runs that are already in
    progress, started earlier or before a restart of the server, are joined without a click. Return True if the runs are
    not in progress, and this user owns all of them.
    """
    active = [run.config for run in runs if not run.status.over]
    finished = len(runs) == len(configs) and all(run.status is Status.FINISHED for run in runs)
    action = None if finished else _start_buttons(configs, runs, noun, bool(active), allowed)
    if active:
        unfinished = [run.run_id for run in runs if run.status is not Status.FINISHED]
        own = run_store().permitted(Action.HALT, owner(), unfinished)
        if own >= {config.run_id for config in active}:
            action = _halt_buttons([run_id for run_id in unfinished if run_id in own]) or action
    if active and not action:
        engine().join(active, owner(), address())
    if action and perform(action):
        st.rerun()
    return bool(runs) and not active and {run.run_id for run in runs} <= run_store().owned(owner())


def _start_buttons(
    configs: Sequence[RunConfig], runs: Sequence[RunHistory], noun: str, active: bool, allowed: bool
) -> Callable[[], None] | None:
    """Draw start or resume, and the step of one batch. Return the action of the pressed button."""
    label = f"The {noun} is running" if active else "Resume" if runs else f"Start the {noun}"
    help = None if active else _RESUME if runs else _START
    if st.button(label, type="primary", icon=":material/play_arrow:", disabled=active or not allowed, help=help):
        return lambda: engine().start(configs, owner(), address())
    if active:
        return None
    finished = {run.run_id for run in runs if run.status is Status.FINISHED}
    steppable = [config for config in configs if config.run_id not in finished]
    if st.button("Step: one batch", icon=":material/skip_next:", disabled=not allowed, help=_STEP):
        return lambda: engine().step(steppable, owner(), address())
    return None


def _halt_buttons(run_ids: Sequence[str]) -> Callable[[], None] | None:
    """Draw pause and stop. Return the action of the pressed button."""
    if st.button("Pause", icon=":material/pause:", help=_PAUSE):
        return lambda: _for_each(run_ids, engine().pause)
    if st.button("Stop", icon=":material/stop:", help=_STOP):
        return lambda: _for_each(run_ids, engine().stop)
    return None


def _for_each(run_ids: Sequence[str], action: Callable[[str, str], None]) -> None:
    for run_id in run_ids:
        action(run_id, owner())


def paused_notice(runs: Iterable[RunHistory]) -> None:
    """Say that somebody has paused one of the runs, and when everyone may resume it."""
    paused = [run.run for run in runs if run.status is Status.PAUSED]
    if any(not is_guest(run.controller) for run in paused):
        st.info(f"Paused by the lecturer. Anyone may resume it {PAUSE_SECONDS / 60:.0f} minutes after the pause.")
    elif paused:
        st.info(f"Paused. Anyone may resume it {GUEST_PAUSE_SECONDS / 60:.0f} minutes after its first pause.")


def perform(action: Callable[[], None]) -> bool:
    """Perform the action and return True. If the engine refuses it, show the reason and return False."""
    try:
        with st.spinner("Please wait …"):
            action()
    except EngineError as error:
        st.error(plain(error))
        return False
    return True
