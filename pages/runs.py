"""All runs on this server: search, rename, delete, and compare two of them."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.catalogue import Entry, Listed, Order, matching, ordered, races, single_runs
from pages.parts.runs.entry import draw_entry
from pages.parts.runs.pair import chosen_pair, show_pair
from pages.parts.shared.frame import begin_page
from pages.parts.shared.plain_words import plain
from pages.parts.shared.reading import Reading
from pages.parts.shared.server import owner, run_store

MOST_RUNS = 2_000
LINES = 12
"""The number of entries that the list shows at first, and that "Show more" adds."""

LIVE_SECONDS = 2.0
"""How often the list is read again while one of its runs is active."""

_GROUPS = {"races": races, "single runs": single_runs}


def page() -> None:
    begin_page(
        __file__,
        "All runs",
        "**Try this:** search for *sigmoid*, or press **Compare** at two races to see what a setting changes.",
    )
    try:
        if run_store().notice:
            st.warning(run_store().notice)
        reading = Reading(read_runs)
        listed = reading.value
        if not listed:
            st.info("No run on this server yet. Every race and sweep that anyone starts appears here.")
            st.page_link("pages/train.py", label="Train the first race", icon=":material/trending_up:")
            return
        show_pair(chosen_pair(), listed)
        active = any(not one.run.status.over for one in listed)
        st.fragment(_draw_list, run_every=LIVE_SECONDS if active else None)(reading)
    except LabError as error:
        st.error(plain(error))


def read_runs() -> list[Listed]:
    """Read the newest runs from the store. Raises StoreError."""
    return [Listed(run, result) for run, result in run_store().newest(MOST_RUNS)]


def _draw_list(reading: Reading[list[Listed]]) -> None:
    """Draw the search and the matching entries. As a fragment it runs alone, so it shows its own errors."""
    try:
        matches = _search(reading.in_fragment("list").value)
        owned = run_store().owned(owner())
        shown = matches[: st.session_state.setdefault("lines", LINES)]
        for entry in shown:
            draw_entry(entry, owned)
        if len(shown) < len(matches) and st.button(f"Show more ({len(matches) - len(shown)})"):
            st.session_state["lines"] += LINES
            st.rerun(scope="fragment")
    except LabError as error:
        st.error(plain(error))


def _search(listed: list[Listed]) -> list[Entry]:
    """Draw the search, the grouping and the order. Return the matching entries."""
    words, grouping, sorting = st.columns([3, 2, 2], vertical_alignment="bottom")
    with words:
        search = st.text_input(
            "Search names, activations, datasets, settings, states",
            key="search",
            type="search",
            live=True,
            max_chars=200,
            bind="query-params",
            icon=":material/search:",
        )
    with grouping:
        group = st.segmented_control(
            "Show", list(_GROUPS), default="races", required=True, key="show", bind="query-params"
        )
    with sorting:
        order = st.selectbox("Order", list(Order), key="order", bind="query-params")
    group = group or "races"  # it can be empty in a URL
    entries = _GROUPS[group](listed)
    matches = ordered(matching(entries, search or ""), order or Order.NEWEST)
    of = f"{len(matches):,} of " * (len(matches) < len(entries))
    limit = f", from the newest {MOST_RUNS:,} runs" if len(listed) == MOST_RUNS else ""
    st.caption(f"{of}{len(entries):,} {group if len(entries) != 1 else group[:-1]}{limit}")
    return matches


page()
