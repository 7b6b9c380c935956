"""Question 2 of the homework: train the same network with ReLU and with sigmoid, and watch both learn."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.earlier import earlier_race
from hw5core.runs.recorded import RACE, has_recording
from pages.parts.shared.damage import damage_notice
from pages.parts.shared.deletion import delete_button, deletion_notice
from pages.parts.shared.estimate import race_words
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.race_layout import race_layout
from pages.parts.shared.race_snapshot import RaceSnapshot, page_version, read_race, read_race_live
from pages.parts.shared.reading import Reading
from pages.parts.shared.run_buttons import paused_notice, run_buttons
from pages.parts.shared.server import engine, run_store
from pages.parts.shared.settings import choose_dataset, chosen_race, next_seed, race_query
from pages.parts.shared.watch import watch
from pages.parts.train.fork_offer import fork_offer
from pages.parts.train.guess import class_guesses, guesses_first, may_start
from pages.parts.train.outcome import outcome
from pages.parts.train.playback import playback, race_or_recording
from pages.parts.train.preview import first_batch, preview

_ANOTHER_SEED = "Adds 1 to the seed: another split of the images, other initial weights, another order of the batches."
_FORK = "Continue from the end of an epoch with another activation, learning rate or normalisation."

_STEPS = (
    Step(
        "One click trains the same network twice, with ReLU and with sigmoid, from the same initial weights.",
        '[data-testid="stBaseButton-primary"]',
    ),
    Step(
        "Each batch of five images is a point here. A network at ln 10 = 2.303 only guesses. Which one stays there?",
        '[data-testid="stVegaLiteChart"]',
    ),
    Step(
        "Click a curve, or type the number of a batch, to see its five images and what each network predicted.",
        ".st-key-aside-open-batch",
    ),
    Step("The URL of this page is this race. Copy the link, and others watch it with you.", ".st-key-copy-link"),
)


def page() -> None:
    begin_page(
        __file__,
        "ReLU against sigmoid",
        "**Try this:** guess which one wins and by how much. Then press the button and watch the losses.",
        _STEPS,
    )
    layout = race_layout()
    try:
        with layout.settings, aside("settings"):
            configs = chosen_race()
        # A visitor who has to guess first must not see the result.
        reading = Reading(read_race, configs, live=read_race_live) if guesses_first() else race_or_recording(configs)
        reading.subscribe_redraw(page_version, configs)
        race = reading.value
        with layout.controls:
            if run_store().notice:
                st.warning(run_store().notice)
            is_owner = _draw_buttons(race)
            _draw_link_to_recorded(race)
            _draw_link_to_earlier(race)
            st.fragment(fork_offer)(reading)
            estimate = st.empty()
            beside = st.container()
        if is_owner:
            with layout.settings, aside("delete"):
                delete_button([run.config for run in race.runs], "race")
        with layout.results:
            watch(configs, reading, beside, _draw_results)
            images = None if race.runs else preview(configs)
            _draw_links(configs)
        # Workers take seconds to start. They start after everything is drawn, so that the button does not wait for it.
        engine()
        if images is not None:
            first_batch(images, configs[0])
        if race.recorded or not race.runs:
            estimate.caption(race_words(configs))
    except LabError as error:
        with layout.results:
            st.error(plain(error))


def _draw_buttons(race: RaceSnapshot) -> bool:
    """Draw the state of the race on this server, and its buttons. Return True if this user owns it."""
    deletion_notice(
        race.deletions,
        {one.run_id: one.label for one in race.configs},
        "Below is the recording of another machine." * race.recorded,
    )
    damage_notice(race.damages, {one.run_id: one.label for one in race.configs})
    runs = () if race.recorded else race.runs
    finished = race.finished and not race.recorded
    if race.recorded:
        playback(race)
    if finished:
        with aside("what to do next"):
            st.success("Finished. Results below. Another seed or dataset makes another race.")
    allowed = finished or may_start(race.configs, race.active)
    with st.container(horizontal=True):
        if finished:
            st.button("Another seed", icon=":material/casino:", on_click=next_seed, help=_ANOTHER_SEED)
        is_owner = run_buttons(race.configs, runs, "race", allowed)
        st.page_link("pages/count.py", label="Count this network", icon=":material/calculate:",
                     query_params={"net": str(race.configs[0].architecture)})  # fmt: skip
    paused_notice(runs)
    return is_owner


def _draw_link_to_recorded(race: RaceSnapshot) -> None:
    """Offer the recorded race where there is nothing to see yet."""
    if not race.runs and race.configs[0].dataset != RACE[0].dataset and has_recording(RACE) and not guesses_first():
        st.button(
            "Show the homework's race on MNIST, recorded",
            icon=":material/history:",
            type="tertiary",
            on_click=choose_dataset,
            args=(RACE[0].dataset,),
            help="Shows results from another computer. Nothing is downloaded or trained.",
        )


def _draw_link_to_earlier(race: RaceSnapshot) -> None:
    """Offer the race that this page's link opened in earlier versions, if this server has it and not the new one."""
    earlier = earlier_race(race.configs) if race.recorded or not race.runs else ()
    if earlier and run_store().stamps(config.run_id for config in earlier):
        st.page_link("pages/train.py", label="This race with the network of earlier versions",
                     icon=":material/history:", query_params=race_query(earlier),
                     help="Is your link an old one? This server has the race that it opened then.")  # fmt: skip


def _draw_links(configs: tuple[RunConfig, ...]) -> None:
    with aside("runs"):
        query = [*race_query(configs), (f"learning-rates-{configs[0].dataset}", f"{configs[0].learning_rate:g}")]
        st.page_link("pages/sweep.py", label="Sweep: the same race with several seeds",
                     icon=":material/stacked_line_chart:", query_params=query)  # fmt: skip
        st.page_link("pages/runs.py", label="All runs on this server", icon=":material/list:")


def _draw_results(reading: Reading[RaceSnapshot]) -> None:
    race = reading.value
    class_guesses(race)
    outcome(reading)
    with aside("forks"), st.container(horizontal=True):
        for run in race.runs:
            if run.epochs and not race.recorded:
                st.page_link("pages/fork.py", label=f"Fork {run.label}", icon=":material/call_split:",
                             query_params={"run": run.run_id}, help=_FORK)  # fmt: skip


page()
