"""Races of more: any activations, learning rates and seeds as one sweep, with the mean and the range over the seeds."""

from contextlib import suppress

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.estimate import sweep_words
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.push import ASKS_SECONDS, redraw_on_change
from pages.parts.shared.server import engine, run_store
from pages.parts.sweep.buttons import sweep_buttons
from pages.parts.sweep.curves import built_for, curves, ends
from pages.parts.sweep.grid import run_grid
from pages.parts.sweep.histories import Runs, going, histories, what_has_ended, what_went_wrong, where_it_stands
from pages.parts.sweep.settings import chosen_name, chosen_sweep


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
        redraw_on_change(where_it_stands, sweep)
        runs = histories(sweep, fresh=True)
        if run_store().notice:
            st.warning(run_store().notice)
        # One place however many buttons it holds: were the charts below to move, the browser would build them anew.
        with st.container():
            _start(sweep, runs)
        estimate = st.empty()
        live = going(sweep, runs)
        left = sweep.unfinished(runs)
        st.fragment(_show, run_every=ASKS_SECONDS)(sweep)
        st.fragment(_show_ends)(sweep)
        # The workers take seconds to start: let them now that everything is drawn, so that the button need not wait.
        engine()
        if left and not live:
            estimate.caption(sweep_words(left))
    except LabError as error:
        st.error(plain(error))


def _start(sweep: Sweep, runs: Runs) -> None:
    """What the sweep consists of, its buttons, and what there is to say of where it stands."""
    st.markdown(_consists_of(sweep))
    if not sweep.unfinished(runs):
        with aside("what to do next"):
            st.success("This sweep has been run: below is what it gave. More seeds make its bands more honest.")
        return
    goes_on = going(sweep, runs)
    sweep_buttons(sweep, runs, goes_on)
    if not goes_on and any(run.run.status is Status.PAUSED for run in runs.values()):
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


def _show(sweep: Sweep) -> None:
    """How far the sweep is, and its curves."""
    redraw_on_change(built_for, sweep)
    for sentence in what_went_wrong(sweep):
        st.error(plain(sentence))
    with suppress(StoreError):  # said above
        run_grid(sweep)
        curves(sweep)


def _show_ends(sweep: Sweep) -> None:
    """What each arm has come to."""
    redraw_on_change(what_has_ended, sweep)
    with suppress(StoreError):  # said above
        ends(sweep)


page()
