"""A line of the list: what was trained, what it came to, and what may be done with it."""

from datetime import UTC, datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from hw5core.runs.catalogue import Entry, Listed, settings
from hw5core.runs.run import Status
from hw5core.store.store import MAX_NAME
from pages.parts.runs.pair import chosen_pair, take_into_pair
from pages.parts.shared.server import engine, owner
from pages.parts.shared.settings import branch_query, race_query

_STYLE = """<style>
.hw5-entry b {font-weight: 650}
.hw5-entry .small {opacity: .75; font-size: .85em; overflow-wrap: anywhere}
.hw5-entry .scores {display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; font-variant-numeric: tabular-nums}
.hw5-entry .scores span {border-left: .5em solid; padding-left: .45em}
</style>"""

_OUTDATED = " · by an earlier version of the training: its race would be trained anew"


def draw_entry(entry: Entry, mine: frozenset[str]) -> None:
    """Draw it; `mine` are the ids of the runs that this person owns."""
    with st.container(border=True, key=f"entry-{entry.key}"):
        words, actions = st.columns(2, vertical_alignment="center")
        words.html(_STYLE + _in_words(entry))
        with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
            _actions(entry, [one for one in entry.listed if one.run.run_id in mine])


def _actions(entry: Entry, owned: list[Listed]) -> None:
    if not entry.outdated:
        _open(entry)
    _side_by_side(entry)
    if owned:
        _rename(entry, owned)
        _delete(entry, owned)


def _open(entry: Entry) -> None:
    """The link to the race, or to the branches beside the run they come from."""
    fork = entry.config.fork
    page, query = (
        ("pages/fork.py", branch_query(*entry.configs)) if fork else ("pages/train.py", race_query(entry.configs))
    )
    st.page_link(page, label="Open", icon=":material/open_in_new:", query_params=query)


def _in_words(entry: Entry) -> str:
    """The line as HTML: everything that a person typed is escaped."""
    title = (
        f"<b>{escape(entry.name)}</b> &ensp;{escape(entry.title)}" if entry.name else f"<b>{escape(entry.title)}</b>"
    )
    scores = "".join(_score(one) for one in entry.listed)
    ids = ", ".join(one.run.run_id for one in entry.listed)
    return (
        f'<div class="hw5-entry"><div>{title}</div>'
        f'<div class="scores">{scores}</div>'
        f'<div class="small" title="{ids}">{escape(settings(entry.config))} · begun {_when(entry.created)}'
        f"{_OUTDATED * entry.outdated}</div></div>"
    )


def _score(one: Listed) -> str:
    """The activation's colour as a bar beside its label, so that the words keep the page's contrast."""
    config = one.run.config
    accuracy = f"{one.result.test_accuracy:.2f} %" if one.result else "–"
    done = one.result.epoch + 1 if one.result else 0
    state = "" if one.run.status is Status.FINISHED else f" ({one.run.status}, {done} of {config.epochs} epochs)"
    return f'<span style="border-color:{config.spec.colour}">{escape(config.label)} <b>{accuracy}</b>{state}</span>'


def _when(seconds: float) -> str:
    """A moment in the visitor's own time zone."""
    try:
        zone: tzinfo = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M}"


def _side_by_side(entry: Entry) -> None:
    chosen = entry.key in chosen_pair()
    if st.button(
        "In the pair" if chosen else "Side by side",
        key=f"pair-{entry.key}",
        icon=":material/check:" if chosen else ":material/compare_arrows:",
        type="primary" if chosen else "secondary",
        disabled=not any(one.result for one in entry.listed),
        help="Take it out of the pair." if chosen else "Show it beside another one, once an epoch has ended.",
    ):
        take_into_pair(entry.key)
        st.rerun()


def _rename(entry: Entry, owned: list[Listed]) -> None:
    # A new name makes a new popover, which is closed.
    with st.popover("Rename", icon=":material/edit:", key=f"rename-{entry.key}-{entry.name}"):
        name = st.text_input("Name", entry.name, max_chars=MAX_NAME, key=f"name-{entry.key}-{entry.name}",
                             help="Everybody sees it. Leave it empty to take the name away.")  # fmt: skip
        if st.button("Keep this name", key=f"keep-{entry.key}", type="primary"):
            for one in owned:
                engine().rename(one.run.run_id, name, owner())
            st.rerun()


def _delete(entry: Entry, owned: list[Listed]) -> None:
    """Asks once, in words that say how much goes."""
    with st.popover("Delete", icon=":material/delete:", key=f"delete-{entry.key}"):
        what = "this run" if len(entry.listed) == 1 else f"the race's {len(owned)} runs"
        if len(owned) < len(entry.listed):
            labels = ", ".join(one.run.config.label for one in owned)
            what = f"your part of the race ({labels})"
        st.markdown(f"Delete {what}, with every loss and checkpoint? There is no way back.")
        if st.button("Delete for good", key=f"sure-{entry.key}", type="primary"):
            for one in owned:
                engine().delete(one.run.run_id, owner())
            st.rerun()
