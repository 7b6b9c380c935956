"""A fork: continue a run from one of its checkpoints with another setting, and compare the two in the same charts."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import changes, in_words
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from pages.parts.fork.comparison import comparison
from pages.parts.fork.others import chosen_others
from pages.parts.fork.parent import chosen_parent
from pages.parts.fork.settings import chosen_fork, reset
from pages.parts.shared.frame import begin_page
from pages.parts.shared.histories import page_version, read_histories
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import published, subscribe_redraw
from pages.parts.shared.receipts import receipts
from pages.parts.shared.run_buttons import run_buttons
from pages.parts.shared.server import engine, run_store
from pages.parts.shared.watch import watch


def page() -> None:
    begin_page(
        __file__,
        "Fork a run",
        "**Try this:** take a sigmoid run that is stuck at its plateau. Continue it with ReLU or with batch "
        "normalisation from the same weights, and compare.",
    )
    try:
        if run_store().notice:
            st.warning(run_store().notice)
        parent = chosen_parent(on_change=reset)
        config = chosen_fork(parent) if parent else None
        if parent and config:
            _draw_fork(parent, config)
    except LabError as error:
        st.error(plain(error))


def _draw_fork(parent: RunConfig, config: RunConfig) -> None:
    st.markdown(in_words(config))
    # The page redraws for this fork only. The charts below follow the others.
    subscribe_redraw(page_version, (config,))
    differs = bool(changes(config)) or config.epochs > parent.epochs
    if not differs:
        st.info("Change something first. Without a change, the fork repeats its parent exactly.")
    # One container, however much it holds: if the charts moved, the browser would build them again.
    above = st.container()
    with st.container():
        shown = (parent, config, *chosen_others(parent, config))
    own = [run for run in read_histories(shown, fresh_seconds=0) if run.config == config]
    with above:
        with st.container(horizontal=True):
            run_buttons((config,), own, "fork", allowed=differs)
        if any(run.status is Status.PAUSED for run in own):
            st.info("Paused by its owner. Anyone may continue it after an hour.")
    watch(shown, _draw_results)
    engine()


def _draw_results(configs: tuple[RunConfig, ...], runs: list[RunHistory]) -> None:
    with published(comparison, configs) as sentences:
        for sentence in sentences:
            st.markdown(sentence)
    receipts(runs)


page()
