"""A sweep: train with several activations, learning rates and seeds, and compare the mean and the range over seeds."""

from contextlib import suppress

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.runs.sweeps import Sweep
from pages.parts.shared.estimate import sweep_words
from pages.parts.shared.frame import begin_page
from pages.parts.shared.group_snapshot import activity_version, results_version
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.reading import Reading
from pages.parts.shared.run_buttons import paused_notice
from pages.parts.shared.server import engine, run_store
from pages.parts.sweep.buttons import sweep_buttons
from pages.parts.sweep.curves import charts_version, curves, results
from pages.parts.sweep.grid import run_grid
from pages.parts.sweep.settings import chosen_name, chosen_sweep
from pages.parts.sweep.snapshot import SweepSnapshot, read_sweep, read_sweep_live


def page() -> None:
    begin_page(
        __file__,
        "Sweep",
        "**Try this:** is it luck? Train each network with three seeds. Do the bands overlap, or does one always win?",
    )
    try:
        with aside("settings"):
            sweep = chosen_sweep()
        if name := chosen_name():
            st.subheader(plain(name), anchor=False)
        reading = Reading(read_sweep, sweep, live=read_sweep_live)
        reading.subscribe_redraw(activity_version)
        if run_store().notice:
            st.warning(run_store().notice)
        snapshot = reading.value
        # One container, however many buttons it holds: if the charts moved, the browser would build them again.
        with st.container():
            _draw_buttons(snapshot)
        estimate = st.empty()
        st.fragment(_draw_charts, run_every=RECONNECT_SECONDS)(reading)
        st.fragment(_draw_results)(reading)
        # Workers take seconds to start. They start after everything is drawn, so that the button does not wait for it.
        engine()
        if snapshot.unfinished and not snapshot.active:
            estimate.caption(sweep_words(snapshot.unfinished))
    except LabError as error:
        st.error(plain(error))


def _draw_buttons(snapshot: SweepSnapshot) -> None:
    """Draw the size of the sweep, its state and its buttons."""
    st.markdown(_size(snapshot.sweep))
    if not snapshot.unfinished:
        with aside("what to do next"):
            st.success("Finished. Results below. More seeds make the bands more reliable.")
        return
    sweep_buttons(snapshot)
    if not snapshot.active:
        paused_notice(snapshot.runs.values())


def _size(sweep: Sweep) -> str:
    factors = [(len(sweep.activations), "activation"), (len(sweep.learning_rates), "learning rate"),
               (len(sweep.seeds), "seed")]  # fmt: skip
    product = " × ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in factors)
    runs = len(sweep.configs)
    return (
        f"{product} = **{runs} run{'s' * (runs != 1)}** of {sweep.base.total_steps:,} batches. "
        "Races have priority over sweeps."
    )


def _draw_charts(reading: Reading[SweepSnapshot]) -> None:
    """Draw the errors, the progress and the curves."""
    reading = reading.in_fragment("charts")
    reading.subscribe_redraw(charts_version)
    try:
        for problem in reading.value.problems:
            st.error(plain(problem))
        run_grid(reading)
        curves(reading)
    except StoreError as error:
        st.error(plain(error))


def _draw_results(reading: Reading[SweepSnapshot]) -> None:
    reading = reading.in_fragment("results")
    reading.subscribe_redraw(results_version)
    with suppress(StoreError):  # the charts above show it
        results(reading.value)


page()
