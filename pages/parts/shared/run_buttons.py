"""The buttons of the runs on a page: start or go on, step, pause, stop, delete. Each says what it will do."""

from collections.abc import Callable, Sequence

import streamlit as st

from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import engine, owner, run_store

_START = "Trains batch after batch on this server's workers, to the last epoch. It goes on when you close the page."
_GO_ON = "Trains on from where it rests, and ends with the very numbers it would have had without the rest."
_STEP = (
    "Trains exactly one batch of each network, shows what happened in it, and rests again. The numbers stay those of "
    "an uninterrupted run."
)
_PAUSE = "Rests after the batch at hand; then it can be stepped. Only you can let it go on, for an hour."
_STOP = "Ends it after the batch at hand. What there is stays, and anybody may let it go on from there."
_DELETE = "Forgets all that was trained and told here, for everybody who has the link."


def run_buttons(configs: Sequence[RunConfig], runs: Sequence[RunHistory], what: str, allowed: bool = True) -> None:
    """Draw those that fit what the runs are doing, `what` being what they make up ("race"); do what was pressed, and
    join without asking what was begun earlier, here or before a restart. `allowed` is whether a start is."""
    begun = any(not run.run.status.over for run in runs)
    finished = len(runs) == len(configs) and all(run.run.status is Status.FINISHED for run in runs)
    wish = None if finished else _start(configs, runs, what, begun, allowed)
    if runs and {run.run.run_id for run in runs} <= run_store().owned(owner()):
        wish = _owners_buttons(runs, begun) or wish
    if begun and not wish:
        engine().start([run.run.config for run in runs if not run.run.status.over], owner())
    if wish and granted(wish):
        st.rerun()


def _start(
    configs: Sequence[RunConfig], runs: Sequence[RunHistory], what: str, begun: bool, allowed: bool
) -> Callable[[], None] | None:
    """Start or go on, and one step at a time; what was pressed."""
    label = f"The {what} is running" if begun else f"Go on with the {what}" if runs else f"Start the {what}"
    help = None if begun else _GO_ON if runs else _START
    if st.button(label, type="primary", icon=":material/play_arrow:", disabled=begun or not allowed, help=help):
        return lambda: engine().start(configs, owner())
    if begun:
        return None
    finished = {run.run.run_id for run in runs if run.run.status is Status.FINISHED}
    steppable = [config for config in configs if config.run_id not in finished]
    step = "Step: one batch" if any(run.losses for run in runs) else "Step from the beginning"
    if st.button(step, icon=":material/skip_next:", disabled=not allowed, help=_STEP):
        return lambda: engine().step(steppable, owner())
    return None


def _owners_buttons(runs: Sequence[RunHistory], begun: bool) -> Callable[[], None] | None:
    """Pause and stop while they run, delete after; what was pressed."""
    if not begun:
        pressed = st.button("Delete", icon=":material/delete:", help=_DELETE)
        return (lambda: _each(engine().delete, runs)) if pressed else None
    if st.button("Pause", icon=":material/pause:", help=_PAUSE):
        return lambda: _each(engine().pause, runs)
    if st.button("Stop", icon=":material/stop:", help=_STOP):
        return lambda: _each(engine().stop, runs)
    return None


def _each(deed: Callable[[str, str], None], runs: Sequence[RunHistory]) -> None:
    for run in runs:
        deed(run.run.run_id, owner())


def granted(wish: Callable[[], None]) -> bool:
    """Do it; what cannot be granted is a sentence, and the page goes on as it was."""
    try:
        with st.spinner("One moment …"):
            wish()
    except EngineError as error:
        st.error(plain(error))
        return False
    return True
