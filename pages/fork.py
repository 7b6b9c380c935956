"""A fork: continue a run from one of its checkpoints with another setting, and compare the two in the same charts."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import describe_fork, fork_changes
from pages.parts.fork.comparison import comparison
from pages.parts.fork.others import chosen_others, known_forks
from pages.parts.fork.parent import chosen_parent, newest_runs
from pages.parts.fork.settings import chosen_fork, reset
from pages.parts.shared.damage import damage_notice
from pages.parts.shared.deletion import delete_button, deletion_notice
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.race_layout import RaceLayout, race_layout
from pages.parts.shared.race_snapshot import RaceSnapshot, page_version, read_race, read_race_live
from pages.parts.shared.reading import Reading
from pages.parts.shared.receipts import receipts
from pages.parts.shared.run_buttons import paused_notice, run_buttons
from pages.parts.shared.server import engine, run_store
from pages.parts.shared.watch import watch


def page() -> None:
    begin_page(
        __file__,
        "Fork a run",
        "**Try this:** take a sigmoid run that is stuck at its plateau. Continue it with ReLU or with batch "
        "normalisation from the same weights, and compare.",
    )
    layout = race_layout()
    try:
        with layout.settings:
            if run_store().notice:
                st.warning(run_store().notice)
            newest = newest_runs()
            parent = chosen_parent(newest, on_change=lambda chosen: reset(chosen, known_forks(chosen, newest)))
            forks = known_forks(parent, newest) if parent else []
            config = chosen_fork(parent, forks) if parent else None
        if parent and config:
            _draw_fork(layout, parent, config, forks)
    except LabError as error:
        with layout.results:
            st.error(plain(error))


def _draw_fork(layout: RaceLayout, parent: RunConfig, config: RunConfig, forks: list[RunConfig]) -> None:
    differs = bool(fork_changes(config)) or config.epochs > parent.epochs
    with layout.settings:
        shown = (parent, config, *chosen_others(config, forks))
    reading = Reading(read_race, shown, live=read_race_live)
    # The page redraws for this fork only. The charts below follow the others.
    reading.subscribe_redraw(page_version, (config,))
    own = [run for run in reading.value.runs if run.config == config]
    with layout.controls:
        # The choice of the parent says when the parent was deleted or cannot be read.
        deletions = [one for one in reading.value.deletions if one.run_id != parent.run_id]
        labels = {one.run_id: one.label for one in shown}
        deletion_notice(deletions, labels)
        damage_notice([one for one in reading.value.damages if one.run_id != parent.run_id], labels)
        st.markdown(describe_fork(config))
        if not differs:
            st.info("Change something first. Without a change, the fork repeats its parent exactly.")
        with st.container(horizontal=True):
            is_owner = run_buttons((config,), own, "fork", allowed=differs)
        paused_notice(own)
        beside = st.container()
    if is_owner:
        with layout.settings, aside("delete"):
            delete_button([config], "fork")
    with layout.results:
        watch(shown, reading, beside, _draw_results)
    engine()


def _draw_results(reading: Reading[RaceSnapshot]) -> None:
    with reading.published(comparison) as sentences:
        for sentence in sentences:
            st.markdown(sentence)
    receipts(reading.value.runs)


page()
