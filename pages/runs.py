"""All runs of this server: found by a search, named, deleted, and two of them side by side."""

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.catalogue import Entry, Listed, Order, matching, ordered, races, single_runs
from pages.parts.runs.entry import draw_entry
from pages.parts.runs.pair import chosen_pair, show_pair
from pages.parts.shared.frame import begin_page
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import owner, run_store

MOST_RUNS = 2_000
LINES = 12
"""How many lines the list shows before it is asked for more."""

LIVE_SECONDS = 2.0
"""How often the list is read anew while something in it is under way."""

_GROUPS = {"races": races, "single runs": single_runs}


def page() -> None:
    begin_page(
        __file__,
        "All runs",
        "**Try this:** search for *sigmoid*, or press **Side by side** at two races to see what a setting changed.",
    )
    try:
        if run_store().notice:
            st.warning(run_store().notice)
        listed = _listed()
        if not listed:
            _nothing_yet()
            return
        show_pair(chosen_pair(), listed)
        under_way = any(not one.run.status.over for one in listed)
        st.fragment(_run_list, run_every=LIVE_SECONDS if under_way else None)()
    except LabError as error:
        st.error(plain(error))


def _listed() -> list[Listed]:
    return [Listed(run, result) for run, result in run_store().newest(MOST_RUNS)]


def _nothing_yet() -> None:
    st.info("Nothing has been trained on this server yet. Every race and sweep that anybody starts will stand here.")
    st.page_link("pages/train.py", label="Train the first race", icon=":material/trending_up:")


def _run_list() -> None:
    """The search and what it finds; an error of the store becomes a sentence here, because it is run by itself."""
    try:
        listed = _listed()
        found = _found(listed)
        mine = run_store().owned(owner())
        shown = found[: st.session_state.setdefault("lines", LINES)]
        for entry in shown:
            draw_entry(entry, mine)
        if len(shown) < len(found) and st.button(f"Show more ({len(found) - len(shown)})"):
            st.session_state["lines"] += LINES
            st.rerun(scope="fragment")
    except LabError as error:
        st.error(plain(error))


def _found(listed: list[Listed]) -> list[Entry]:
    """Draw the search; what it finds, in the order asked for."""
    words, grouped, sorting = st.columns([3, 2, 2], vertical_alignment="bottom")
    with words:
        search = st.text_input(
            "Search names, activations, data, settings, states",
            key="search",
            type="search",
            live=True,
            max_chars=200,
            bind="query-params",
            icon=":material/search:",
        )
    with grouped:
        group = st.segmented_control("Lines are", list(_GROUPS), default="races", required=True, key="lines-are",
                                     bind="query-params")  # fmt: skip
    with sorting:
        order = st.selectbox("Sorted", list(Order), key="order", bind="query-params")
    group = group or "races"  # an address may have it empty
    entries = _GROUPS[group](listed)
    found = ordered(matching(entries, search or ""), order or Order.NEWEST)
    of = f"{len(found):,} of " * (len(found) < len(entries))
    st.caption(f"{of}{len(entries):,} {group if len(entries) != 1 else group[:-1]}{_limit_words(listed)}")
    return found


def _limit_words(listed: list[Listed]) -> str:
    return f", from the newest {MOST_RUNS:,} runs" if len(listed) == MOST_RUNS else ""


page()
