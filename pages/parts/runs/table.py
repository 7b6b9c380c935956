"""The table of all runs: searched, sorted, and with rows to select. The URL names the selected runs."""

import hashlib
from collections.abc import Hashable, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyarrow as pa
import streamlit as st

from hw5core.runs.catalogue import entries_by_key, matching, single_runs
from hw5core.runs.config import SETTINGS, RunConfig
from hw5core.runs.summary import Summary, differing_settings, listed, setting_text
from hw5core.store.summaries import RunList
from pages.parts.shared.chart import rows_to_send
from pages.parts.shared.deletion import deletion_notice
from pages.parts.shared.reading import Reading
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import fork_query, race_query

_CHOSEN = "compare"
_PAIR = "pair"
"""The parameter of old links. It holds ids of runs, or keys of races."""

_HEIGHT = 420


def search_words() -> str:
    """Draw the search and return its words."""
    words = st.text_input(
        "Search names, activations, datasets, settings, states",
        key="search",
        type="search",
        live=True,
        max_chars=200,
        bind="query-params",
        icon=":material/search:",
    )
    return words or ""


def matches_of(summaries: Sequence[Summary], words: str) -> list[Summary]:
    """Return the runs that match these words."""
    found = {entry.key for entry in matching(single_runs(map(listed, summaries)), words)}
    return [one for one in summaries if one.run.run_id in found]


@lru_cache(maxsize=64)
def listed_version(runs: RunList, words: str, chosen: tuple[str, ...]) -> Hashable:
    """Return a value that changes when the table has other rows, and when a chosen run starts, ends or finishes an
    epoch. All other changes are published."""
    ids = tuple(one.run.run_id for one in matches_of(runs.summaries, words))
    states = [(one.run.run_id, one.run.name, one.status, len(one.epochs)) for one in runs.summaries]
    return len(runs.summaries), ids, tuple(state for state in states if state[0] in chosen)


def chosen_runs(summaries: Sequence[Summary]) -> list[Summary]:
    """Return the runs that the URL names. If one of them is not here, say so."""
    keys = list(dict.fromkeys([*st.query_params.get_all(_CHOSEN), *st.query_params.get_all(_PAIR)]))
    entries = entries_by_key(list(map(listed, summaries))) if keys else {}
    missing = [key for key in keys if key not in entries]
    if missing:
        deletions, damages = run_store().absences(missing)
        absent = {one.run_id for one in deletions} | {one.run_id for one in damages}
        deletion_notice(deletions, {run_id: f"Run {run_id[:6]}" for run_id in absent})
        if not absent.issuperset(missing):
            st.warning("A run in this link is not on this server. It was trained on another server.")
    wanted = {one.run.run_id for key in keys if key in entries for one in entries[key].listed}
    return [one for one in summaries if one.run.run_id in wanted]


def run_table(reading: Reading[RunList], words: str, summaries: Sequence[Summary], chosen: Sequence[Summary]) -> None:
    """Draw the table of the runs that match the words, and publish its changes. Selecting a row adds its run to the
    URL."""
    ids = [one.run.run_id for one in summaries]
    marked = {one.run.run_id for one in chosen}
    # The browser knows rows by number only, so another list of runs is another table, with the same runs selected.
    key = f"runs {hashlib.sha256(' '.join(ids).encode()).hexdigest()[:16]}"
    hidden = [one.run.run_id for one in chosen if one.run.run_id not in ids]
    with reading.published(_rows, words, _time_zone()) as (rows,):
        st.dataframe(
            rows,
            key=key,
            hide_index=True,
            width="stretch",
            height=min(_HEIGHT, 40 + 36 * len(ids)),
            placeholder="–",
            on_select=lambda: _store_in_url(key, ids, hidden),
            selection_mode="multi-row",
            selection_default={"selection": {"rows": [row for row, run_id in enumerate(ids) if run_id in marked]}},
            column_config={
                "open": st.column_config.LinkColumn("open", display_text="Open", width="small"),
                "test accuracy": st.column_config.NumberColumn(format="%.2f %%"),
                "accuracy per epoch": st.column_config.LineChartColumn(y_min=0, y_max=100, width="small"),
                "batches at ln 10": st.column_config.NumberColumn(format="localized"),
                "seconds": st.column_config.NumberColumn(format="%.1f"),
                SETTINGS["network"].label: st.column_config.Column(width="medium"),
            },
            alt="All runs, one per row. Select rows to compare their runs.",
        )


def _store_in_url(key: str, ids: Sequence[str], hidden: Sequence[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    st.query_params.pop(_PAIR, None)
    # The browser sends the rows, so they can be anything.
    valid = [row for row in rows if isinstance(row, int) and row in range(len(ids))]
    st.query_params[_CHOSEN] = [*(ids[row] for row in valid), *hidden]


@lru_cache(maxsize=16)
def _rows(runs: RunList, words: str, time_zone: str) -> tuple[pa.Table]:
    """Return the rows of the table, for a user in this time zone."""
    return (rows_to_send(_as_frame(matches_of(runs.summaries, words), ZoneInfo(time_zone))),)


def _as_frame(summaries: Sequence[Summary], zone: tzinfo) -> pd.DataFrame:
    different = differing_settings([one.config for one in summaries])
    rows = [
        {
            "name": one.run.name,
            "run": one.config.label,
            "status": f"{one.status}{', earlier version' if listed(one).outdated else ''}",
            "test accuracy": one.epochs[-1].test_accuracy if one.epochs else None,
            "accuracy per epoch": [result.test_accuracy for result in one.epochs],
            "batches at ln 10": one.plateau,
            "seconds": one.seconds,
            "data": one.config.dataset,
            **{SETTINGS[name].label: setting_text(one.config, name) for name in different},
            "started": f"{datetime.fromtimestamp(one.run.created, zone):%Y-%m-%d %H:%M}",
            "open": url_of(one.config),
        }
        for one in summaries
    ]
    return pd.DataFrame(rows).astype({"batches at ln 10": "Int64", "test accuracy": float, "seconds": float})


@lru_cache(maxsize=4096)
def url_of(config: RunConfig) -> str:
    """Return the relative URL of the run's race, or of the fork with its parent."""
    return f"fork?{urlencode(fork_query(config))}" if config.fork else f"train?{urlencode(race_query([config]))}"


def _time_zone() -> str:
    """Return the name of the user's time zone, or UTC if it is unknown here."""
    name = st.context.timezone or "UTC"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
