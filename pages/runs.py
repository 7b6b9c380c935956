"""All runs on this server: a table to search and sort, and any of them in the same charts."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.summary import csv_text
from hw5core.store.summaries import RunList
from pages.parts.runs.selection import comparison, owner_actions
from pages.parts.runs.table import chosen_runs, listed_version, matches_of, run_table, search_words
from pages.parts.runs.unreadable import unreadable_runs
from pages.parts.shared.download import download_newest
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecturer import lecturer_entry
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.reading import Reading
from pages.parts.shared.server import owner, run_store, summaries

MAX_RUNS = 2_000

SHARED_SECONDS = 0.4
"""The age in seconds up to which live updates use a list again."""


def page() -> None:
    begin_page(
        __file__,
        "All runs",
        "**Try this:** select two runs in the table to see what a setting changes. Click a column's title to sort.",
    )
    try:
        _draw_page()
    except LabError as error:
        st.error(plain(error))
    lecturer_entry()


def _draw_page() -> None:
    if run_store().notice:
        st.warning(run_store().notice)
    reading = Reading(read_runs, live=read_runs_live)
    reading.subscribe_redraw(has_runs)
    st.fragment(_draw_runs, run_every=RECONNECT_SECONDS)(reading)


def read_runs() -> RunList:
    """Read the newest runs from the store. Raises StoreError."""
    return summaries().read(MAX_RUNS)


def read_runs_live() -> RunList:
    """Read the newest runs for live updates, which share a list for a moment. Raises StoreError."""
    return summaries().read(MAX_RUNS, SHARED_SECONDS)


def has_runs(runs: RunList) -> bool:
    """Return True if the store has a run. The page is another one then."""
    return bool(runs.summaries)


def _draw_empty() -> None:
    unreadable_runs()
    st.info("No run on this server yet. Every race and sweep that anyone starts appears here.")
    st.page_link("pages/train.py", label="Train the first race", icon=":material/trending_up:")


def _draw_runs(reading: Reading[RunList]) -> None:
    """Draw the search, the table and the comparison. As a fragment it runs alone, so it shows its own errors."""
    try:
        reading = reading.in_fragment("runs")
        runs = reading.value.summaries
        if not runs:
            _draw_empty()
            return
        words = search_words()
        matches = matches_of(runs, words)
        limit = f", from the newest {MAX_RUNS:,}" if len(runs) == MAX_RUNS else ""
        of = f"{len(matches):,} of " * (len(matches) < len(runs))
        with st.container(horizontal=True, vertical_alignment="center"):
            # Not at the right edge: there the table's own buttons appear above it and would cover the other one.
            st.caption(f"{of}{len(runs):,} run{'s' * (len(runs) != 1)}{limit}", width="content")
            download_newest(
                "CSV of these runs", lambda: csv_text(matches), "runs.csv", "text/csv", "runs as csv", type="tertiary"
            )
        chosen = chosen_runs(runs)
        reading.subscribe_redraw(listed_version, words, tuple(one.run.run_id for one in chosen))
        if matches:
            run_table(reading, words, matches, chosen)
        unreadable_runs()
        owner_actions(chosen, run_store().owned(owner()))
        comparison(chosen)
    except LabError as error:
        st.error(plain(error))


page()
