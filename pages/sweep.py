"""Races of more: any activations, learning rates and seeds as one sweep, with the mean and the range over the seeds."""

import streamlit as st

from hw5core.architecture import ArchitectureError
from hw5core.config import ConfigError
from hw5core.engine import EngineError, worker_count
from hw5core.runs import Status, StoreError
from hw5core.sweeps import Sweep
from pages.shared.estimate import duration, sweep_words
from pages.shared.frame import begin_page
from pages.shared.lecture import aside
from pages.shared.plain_words import plain
from pages.shared.server import engine, group_follower, planned, run_store
from pages.sweeping.buttons import Runs, sweep_buttons
from pages.sweeping.curves import curves, ends
from pages.sweeping.grid import run_grid
from pages.sweeping.knobs import chosen_name, chosen_sweep

LIVE_SECONDS = 1.0
"""How often a running sweep is drawn anew."""

REST_SECONDS = 4.0
"""How often one that rests is: whoever may let it go on may do so while others watch."""


def page() -> None:
    begin_page(
        __file__,
        "Is it luck?",
        "**Try this:** train each network from three seeds. Do their bands overlap, or does one win whatever the seed?",
    )
    try:
        with aside("settings"):
            sweep = chosen_sweep()
        if name := chosen_name():
            st.subheader(plain(name), anchor=False)
        runs = _stories(sweep, fresh=True)
        if run_store().notice:
            st.warning(run_store().notice)
        # One place however many buttons it holds: were the charts below to move, the browser would build them anew.
        with st.container():
            _start(sweep, runs)
        estimate = st.empty()
        live = _going(sweep, runs)
        left = sweep.unfinished(runs)
        st.fragment(_show, run_every=LIVE_SECONDS if live else REST_SECONDS if left else None)(sweep, live)
        # The workers take seconds to start: let them now that everything is drawn, so that the button need not wait.
        engine()
        if left and not live:
            estimate.caption(sweep_words(left))
    except (ConfigError, ArchitectureError, StoreError, EngineError) as error:
        st.error(plain(error))


def _stories(sweep: Sweep, fresh: bool = False) -> Runs:
    """What the store has of these runs: of this moment, or, for those who only watch, of the moment before."""
    return group_follower(tuple(sweep.run_ids.values())).read(fresh)


def _going(sweep: Sweep, runs: Runs) -> bool:
    """Whether anything more comes without being asked for."""
    return any(not run.run.status.over for run in runs.values()) or bool(planned().keys() & sweep.run_ids.values())


def _start(sweep: Sweep, runs: Runs) -> None:
    """What the sweep consists of, its buttons, and what there is to say of where it stands."""
    st.markdown(_consists_of(sweep))
    if not sweep.unfinished(runs):
        with aside("what to do next"):
            st.success("This sweep has been run: below is what it gave. More seeds make its bands more honest.")
        return
    going = _going(sweep, runs)
    sweep_buttons(sweep, runs, going)
    if not going and any(run.run.status is Status.PAUSED for run in runs.values()):
        st.info("The sweep is paused. Whoever paused it lets it go on; after an hour everybody may.")


def _consists_of(sweep: Sweep) -> str:
    parts = [(len(sweep.activations), "activation"), (len(sweep.learning_rates), "learning rate"),
             (len(sweep.seeds), "seed")]  # fmt: skip
    product = " × ".join(f"{number} {what}{'s' * (number != 1)}" for number, what in parts)
    runs = len(sweep.configs)
    return (
        f"{product} = **{runs} run{'s' * (runs != 1)}** of {sweep.base.total_steps:,} batches. "
        "Races that anybody starts meanwhile go first."
    )


def _show(sweep: Sweep, live: bool) -> None:
    """The sweep as it is now; run again and again, and the page with it when the sweep begins or ends."""
    try:
        runs = _stories(sweep)
        _draw(sweep, runs, live)
    except (StoreError, EngineError) as error:
        st.error(plain(error))
        return
    if live is not _going(sweep, runs):
        st.rerun()


def _draw(sweep: Sweep, runs: Runs, live: bool) -> None:
    if live and engine().trouble:
        st.error(engine().trouble)
    done = sum(run.fraction for run in runs.values()) / len(sweep.configs)
    st.progress(min(1.0, done), text=_how_far(sweep, runs))
    run_grid(sweep, runs, planned())
    for message in dict.fromkeys(run.run.message for run in runs.values() if run.run.status is Status.FAILED):
        st.error(f"A run failed: {message}")
    curves(sweep, runs)
    ends(sweep, runs)


def _how_far(sweep: Sweep, runs: Runs) -> str:
    """How many runs are finished and, from how long these took, how long the others will."""
    told = [run.seconds for run in runs.values() if run.seconds is not None]
    words = f"{len(told)} of {len(sweep.configs)} runs are finished"
    if not told or not _going(sweep, runs):
        return words
    missing = len(sweep.configs) - sum(run.fraction for run in runs.values())
    return f"{words}, about {duration(missing * sum(told) / len(told) / worker_count())} left"


page()
