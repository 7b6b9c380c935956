"""An entry of the list of runs: its name, settings and accuracies, and its buttons."""

from datetime import UTC, datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from hw5core.runs.catalogue import Entry, Listed, describe_settings
from hw5core.runs.run import Status
from hw5core.store.store import MAX_NAME
from pages.parts.runs.pair import chosen_pair, toggle_in_pair
from pages.parts.shared.server import engine, owner
from pages.parts.shared.settings import fork_query, race_query

_STYLE = """<style>
.hw5-entry b {font-weight: 650}
.hw5-entry .small {opacity: .75; font-size: .85em; overflow-wrap: anywhere}
.hw5-entry .scores {display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; font-variant-numeric: tabular-nums}
.hw5-entry .scores span {border-left: .5em solid; padding-left: .45em}
</style>"""

_OUTDATED = " · trained by an earlier version: opening its race trains it again"


def draw_entry(entry: Entry, owned: frozenset[str]) -> None:
    """Draw the entry. `owned` holds the ids of the runs that this user may rename and delete."""
    with st.container(border=True, key=f"entry-{entry.key}"):
        words, actions = st.columns(2, vertical_alignment="center")
        words.html(_STYLE + _in_words(entry))
        with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
            _actions(entry, [one for one in entry.listed if one.run.run_id in owned])


def _actions(entry: Entry, owned: list[Listed]) -> None:
    if not entry.outdated:
        _open(entry)
    _compare(entry)
    if owned:
        _rename(entry, owned)
        _delete(entry, owned)


def _open(entry: Entry) -> None:
    """Draw the link to the race, or to the forks with their parent."""
    fork = entry.config.fork
    page, query = (
        ("pages/fork.py", fork_query(*entry.configs)) if fork else ("pages/train.py", race_query(entry.configs))
    )
    st.page_link(page, label="Open", icon=":material/open_in_new:", query_params=query)


def _in_words(entry: Entry) -> str:
    """Return the entry as HTML. Everything that a user typed is escaped."""
    title = (
        f"<b>{escape(entry.name)}</b> &ensp;{escape(entry.title)}" if entry.name else f"<b>{escape(entry.title)}</b>"
    )
    scores = "".join(_score(one) for one in entry.listed)
    ids = ", ".join(one.run.run_id for one in entry.listed)
    return (
        f'<div class="hw5-entry"><div>{title}</div>'
        f'<div class="scores">{scores}</div>'
        f'<div class="small" title="{ids}">{escape(describe_settings(entry.config))} · started {_when(entry.created)}'
        f"{_OUTDATED * entry.outdated}</div></div>"
    )


def _score(one: Listed) -> str:
    """Return the accuracy of one run as HTML. The colour is a bar at the side, so that the text keeps its contrast."""
    config = one.run.config
    accuracy = f"{one.result.test_accuracy:.2f} %" if one.result else "–"
    done = one.result.epoch + 1 if one.result else 0
    state = "" if one.run.status is Status.FINISHED else f" ({one.run.status}, {done} of {config.epochs} epochs)"
    return f'<span style="border-color:{config.spec.colour}">{escape(config.label)} <b>{accuracy}</b>{state}</span>'


def _when(seconds: float) -> str:
    """Return the date and time in the user's time zone."""
    try:
        zone: tzinfo = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M}"


def _compare(entry: Entry) -> None:
    chosen = entry.key in chosen_pair()
    if st.button(
        "Compared" if chosen else "Compare",
        key=f"pair-{entry.key}",
        icon=":material/check:" if chosen else ":material/compare_arrows:",
        type="primary" if chosen else "secondary",
        disabled=not any(one.result for one in entry.listed),
        help="Remove it from the comparison." if chosen else "Compare it with another one. It needs a finished epoch.",
    ):
        toggle_in_pair(entry.key)
        st.rerun()


def _rename(entry: Entry, owned: list[Listed]) -> None:
    # With the name in its key, a rename makes a new popover, which is closed.
    with st.popover("Rename", icon=":material/edit:", key=f"rename-{entry.key}-{entry.name}"):
        name = st.text_input("Name", entry.name, max_chars=MAX_NAME, key=f"name-{entry.key}-{entry.name}",
                             help="Everyone sees it. Leave it empty to remove the name.")  # fmt: skip
        if st.button("Save name", key=f"save-{entry.key}", type="primary"):
            for one in owned:
                engine().rename(one.run.run_id, name, owner())
            st.rerun()


def _delete(entry: Entry, owned: list[Listed]) -> None:
    """Draw the delete button, which asks first and says what it deletes."""
    with st.popover("Delete", icon=":material/delete:", key=f"delete-{entry.key}"):
        what = "this run" if len(entry.listed) == 1 else f"the {len(owned)} runs of this race"
        if len(owned) < len(entry.listed):
            labels = ", ".join(one.run.config.label for one in owned)
            what = f"your part of the race ({labels})"
        st.markdown(f"Delete {what} for everyone, with all results and checkpoints? You cannot undo this.")
        if st.button("Delete permanently", key=f"confirm-{entry.key}", type="primary"):
            for one in owned:
                engine().delete(one.run.run_id, owner())
            st.rerun()
