"""Question 2: one press trains the same network with ReLU and with sigmoid, and everyone watches the curves arrive."""

from collections.abc import Sequence

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import RACE, is_recorded, is_shipped, note
from hw5core.runs.run import Status
from pages.parts.shared.estimate import race_words
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.histories import histories, rests, where_it_stands
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.push import redraw_on_change
from pages.parts.shared.run_buttons import run_buttons
from pages.parts.shared.server import engine, run_store
from pages.parts.shared.settings import choose_dataset, chosen_race, next_seed, race_query
from pages.parts.shared.watch import watch
from pages.parts.train.guess import class_guesses, may_start, predicts_first
from pages.parts.train.outcome import outcome
from pages.parts.train.preview import first_batch, preview

_ANOTHER_SEED = (
    "Turns the seed on by one: another split of the images, other first weights, another order of the batches."
)
_FORK = "From the end of one of its epochs, go on with another activation, learning rate or normalisation."

_STEPS = (
    Step(
        "One press trains the same network twice, with ReLU and with sigmoid, from the same first weights.",
        '[data-testid="stBaseButton-primary"]',
    ),
    Step(
        "Every batch of five is a point here. At ln 10 = 2.303 a network still guesses: watch who stays there.",
        '[data-testid="stVegaLiteChart"]',
    ),
    Step(
        "Click a curve, or type a batch's number: its five digits appear, and what each network took them for.",
        ".st-key-aside-loss-view",
    ),
    Step("The page's address is this race. Copy link, and others watch it with you.", ".st-key-copy-link"),
)


def page() -> None:
    begin_page(
        __file__,
        "ReLU against sigmoid",
        "**Try this:** say which one wins and by how much, then press the button and watch the batches of five go by.",
        _STEPS,
    )
    try:
        with aside("settings"):
            configs = chosen_race()
        redraw_on_change(where_it_stands, configs)
        if run_store().notice:
            st.warning(run_store().notice)
        recorded = not predicts_first()
        shown = histories(configs, recorded, fresh_seconds=0)
        runs = [run for run in shown if not is_recorded(run)]
        # One place however many buttons it holds: were the charts below to move, the browser would build them anew.
        with st.container():
            _say_recorded(shown)
            _start(configs, runs)
            _lead_to_recorded(configs, shown)
        estimate = st.empty()
        with st.container():
            images = preview(configs) if not shown else None
        watch(configs, _afterwards, recorded)
        with aside("runs"):
            seeds = [*race_query(configs), ("learning-rates", f"{configs[0].learning_rate:g}")]
            st.page_link("pages/sweep.py", label="The same race from several seeds",
                         icon=":material/stacked_line_chart:", query_params=seeds)  # fmt: skip
            st.page_link("pages/runs.py", label="All runs on this server", icon=":material/list:")
        # The workers take seconds to start: let them now that everything is drawn, so that the button need not wait.
        engine()
        if images is not None:
            first_batch(images, configs[0])
        if not runs:
            estimate.caption(race_words(configs))
    except LabError as error:
        st.error(plain(error))


def _say_recorded(shown: Sequence[RunHistory]) -> None:
    """That the race below was run elsewhere, where that is so."""
    if shown and is_recorded(shown[0]):
        st.info(f"**Recorded** {note(shown[0])}, not run here. The button runs it here.", icon=":material/history:")


def _lead_to_recorded(configs: tuple[RunConfig, ...], shown: Sequence[RunHistory]) -> None:
    """Where there is nothing to see yet, the way to a race that there is."""
    if not shown and configs[0].dataset != RACE[0].dataset and is_shipped(RACE) and not predicts_first():
        st.button(
            "See the homework's race on MNIST at once, recorded",
            icon=":material/history:",
            type="tertiary",
            on_click=choose_dataset,
            args=(RACE[0].dataset,),
            help="Shows what it gave when it was run elsewhere: nothing is downloaded, nothing is trained.",
        )


def _start(configs: tuple[RunConfig, ...], runs: list[RunHistory]) -> None:
    """The race's buttons, and what there is to say of where it stands; `runs` are those of this server."""
    finished = len(runs) == len(configs) and all(run.run.status is Status.FINISHED for run in runs)
    if finished:
        with aside("what to do next"):
            st.success("This race has been run: below is what it gave. Another seed or other data make another race.")
    begun = any(not run.run.status.over for run in runs)
    allowed = finished or may_start(configs, begun)
    with st.container(horizontal=True):
        if finished:
            st.button("Another seed", icon=":material/casino:", on_click=next_seed, help=_ANOTHER_SEED)
        run_buttons(configs, runs, "race", allowed)
    if rests(runs):
        st.info("The race is paused. Whoever started it lets it go on or steps it; after an hour everybody may.")


def _afterwards(configs: tuple[RunConfig, ...], runs: list[RunHistory]) -> None:
    class_guesses(configs, runs)
    outcome(configs, runs)
    with aside("forks"), st.container(horizontal=True):
        for run in runs:
            if run.epochs and not is_recorded(run):
                label, query = f"Fork {run.run.config.label}", {"run": run.run.run_id}
                st.page_link("pages/fork.py", label=label, icon=":material/call_split:", query_params=query, help=_FORK)


page()
