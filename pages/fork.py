"""Any checkpoint, gone on from with something changed: the run and its branches, side by side in the same charts."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import changes, in_words
from hw5core.runs.history import RunHistory
from pages.parts.fork.beside import chosen_beside
from pages.parts.fork.change import chosen_branch, propose
from pages.parts.fork.parent import chosen_parent
from pages.parts.fork.standing import standing
from pages.parts.shared.frame import begin_page
from pages.parts.shared.histories import histories, rests, where_it_stands
from pages.parts.shared.plain_words import plain
from pages.parts.shared.push import pushed, redraw_on_change
from pages.parts.shared.receipts import receipts
from pages.parts.shared.run_buttons import run_buttons
from pages.parts.shared.server import engine, run_store
from pages.parts.shared.watch import watch


def page() -> None:
    begin_page(
        __file__,
        "Fork a run",
        "**Try this:** let a sigmoid run that sits on its plateau go on with ReLU, or with batch normalisation, from "
        "the very same weights, and watch them all.",
    )
    try:
        if run_store().notice:
            st.warning(run_store().notice)
        parent = chosen_parent(on_change=propose)
        config = chosen_branch(parent) if parent else None
        if parent and config:
            _branch(parent, config)
    except LabError as error:
        st.error(plain(error))


def _branch(parent: RunConfig, config: RunConfig) -> None:
    st.markdown(in_words(config))
    # The buttons and the note are this branch's alone; what the others come to is watched below.
    redraw_on_change(where_it_stands, (config,))
    worthwhile = bool(changes(config)) or config.epochs > parent.epochs
    if not worthwhile:
        st.info("Change something first: as it stands the branch would be its run again, number for number.")
    # One place however much it holds: were the charts below to move, the browser would build them anew.
    above = st.container()
    with st.container():
        shown = (parent, config, *chosen_beside(parent, config))
    mine = [run for run in histories(shown, fresh_seconds=0) if run.run.config == config]
    with above:
        with st.container(horizontal=True):
            run_buttons((config,), mine, "branch", allowed=worthwhile)
        if rests(mine):
            st.info("The branch is paused. Whoever started it lets it go on or steps it; after an hour everybody may.")
    watch(shown, _afterwards)
    engine()


def _afterwards(configs: tuple[RunConfig, ...], runs: list[RunHistory]) -> None:
    with pushed(standing, configs) as words:
        for text in words:
            st.markdown(text)
    receipts(runs)


page()
