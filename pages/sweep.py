"""A sweep: train with several activations, learning rates and seeds, and compare the mean and the range over seeds."""

from contextlib import suppress

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.estimate import sweep_words
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS, subscribe_redraw
from pages.parts.shared.server import engine, run_store
from pages.parts.sweep.buttons import sweep_buttons
from pages.parts.sweep.curves import charts_version, curves, results
from pages.parts.sweep.grid import run_grid
from pages.parts.sweep.histories import Runs, is_active, page_version, problems, read_histories, results_version
from pages.parts.sweep.settings import chosen_name, chosen_sweep


def page() -> None:
    begin_page(
        __file__,
        "Is it luck?",
        "**Try this:** train each network with three seeds. Do the bands overlap, or does one network always win?",
    )
    try:
        with aside("settings"):
            sweep = chosen_sweep()
        if name := chosen_name():
            st.subheader(plain(name), anchor=False)
        subscribe_redraw(page_version, sweep)
        runs = read_histories(sweep, fresh=True)
        if run_store().notice:
            st.warning(run_store().notice)
        # One container, however many buttons it holds: if the charts moved, the browser would build them again.
        with st.container():
            _draw_buttons(sweep, runs)
        estimate = st.empty()
        active = is_active(sweep, runs)
        unfinished = sweep.unfinished(runs)
        st.fragment(_draw_charts, run_every=RECONNECT_SECONDS)(sweep)
        st.fragment(_draw_results)(sweep)
        # Workers take seconds to start. They start after everything is drawn, so that the button does not wait for it.
        engine()
        if unfinished and not active:
            estimate.caption(sweep_words(unfinished))
    except LabError as error:
        st.error(plain(error))


def _draw_buttons(sweep: Sweep, runs: Runs) -> None:
    """Draw the size of the sweep, its state and its buttons."""
    st.markdown(_size(sweep))
    if not sweep.unfinished(runs):
        with aside("what to do next"):
            st.success("Finished. Results below. More seeds make the bands more reliable.")
        return
    active = is_active(sweep, runs)
    sweep_buttons(sweep, runs, active)
    if not active and any(run.status is Status.PAUSED for run in runs.values()):
        st.info("Paused by its owner. Anyone may continue it after an hour.")


def _size(sweep: Sweep) -> str:
    factors = [(len(sweep.activations), "activation"), (len(sweep.learning_rates), "learning rate"),
               (len(sweep.seeds), "seed")]  # fmt: skip
    product = " × ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in factors)
    runs = len(sweep.configs)
    return (
        f"{product} = **{runs} run{'s' * (runs != 1)}** of {sweep.base.total_steps:,} batches. "
        "Races have priority over sweeps."
    )


def _draw_charts(sweep: Sweep) -> None:
    """Draw the errors, the progress and the curves."""
    subscribe_redraw(charts_version, sweep)
    for problem in problems(sweep):
        st.error(plain(problem))
    with suppress(StoreError):  # already shown above
        run_grid(sweep)
        curves(sweep)


def _draw_results(sweep: Sweep) -> None:
    subscribe_redraw(results_version, sweep)
    with suppress(StoreError):  # already shown above
        results(sweep)


page()
