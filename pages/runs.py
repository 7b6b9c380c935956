"""All runs on this server: a table to search and sort, and any of them in the same charts."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.summary import Summary, csv_text
from pages.parts.runs.selection import comparison, owner_actions
from pages.parts.runs.table import chosen_runs, run_table, searched
from pages.parts.runs.unreadable import unreadable_runs
from pages.parts.shared.frame import begin_page
from pages.parts.shared.lecturer import lecturer_entry
from pages.parts.shared.plain_words import plain
from pages.parts.shared.reading import Reading
from pages.parts.shared.server import owner, run_store, summaries

MOST_RUNS = 2_000

LIVE_SECONDS = 2.0
"""How often the table is read again while one of its runs is active."""


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
    reading = Reading(read_runs)
    if not reading.value:
        unreadable_runs()
        st.info("No run on this server yet. Every race and sweep that anyone starts appears here.")
        st.page_link("pages/train.py", label="Train the first race", icon=":material/trending_up:")
        return
    active = any(not one.run.status.over for one in reading.value)
    st.fragment(_draw_runs, run_every=LIVE_SECONDS if active else None)(reading)


def read_runs() -> list[Summary]:
    """Read the newest runs from the store. Raises StoreError."""
    return summaries().read(MOST_RUNS)


def _draw_runs(reading: Reading[list[Summary]]) -> None:
    """Draw the search, the table and the comparison. As a fragment it runs alone, so it shows its own errors."""
    try:
        runs = reading.in_fragment("runs").value
        matches = searched(runs)
        limit = f", from the newest {MOST_RUNS:,}" if len(runs) == MOST_RUNS else ""
        of = f"{len(matches):,} of " * (len(matches) < len(runs))
        with st.container(horizontal=True, vertical_alignment="center"):
            # Not at the right edge: there the table's own buttons appear above it and would cover the other one.
            st.caption(f"{of}{len(runs):,} run{'s' * (len(runs) != 1)}{limit}", width="content")
            st.download_button("CSV of these runs", lambda: csv_text(matches), "runs.csv", "text/csv",
                               icon=":material/download:", on_click="ignore", type="tertiary")  # fmt: skip
        chosen = chosen_runs(runs)
        if matches:
            run_table(matches, chosen)
        unreadable_runs()
        owner_actions(chosen, run_store().owned(owner()))
        comparison(chosen)
    except LabError as error:
        st.error(plain(error))


page()
