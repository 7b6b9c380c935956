"""Two races or runs side by side. The URL names them, so a link opens the same pair."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from hw5core.charts.series import series_of
from hw5core.charts.side_by_side import (
    SIDES,
    differences,
    final_numbers,
    pair_accuracy_chart,
    pair_loss_chart,
    pair_table,
)
from hw5core.charts.words import guess_line_in_words, test_accuracies_in_words, validation_losses_in_words
from hw5core.runs.catalogue import Entry, Listed, find_entry
from hw5core.runs.history import RunHistory
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import follower

_PAIR = "pair"


def chosen_pair() -> list[str]:
    """Return the keys of at most two entries, A and B, from the URL."""
    return list(dict.fromkeys(st.query_params.get_all(_PAIR)))[:2]


def toggle_in_pair(key: str) -> None:
    """Add the entry to the pair, instead of B if the pair is complete. If it is in the pair, remove it."""
    pair = chosen_pair()
    st.query_params[_PAIR] = [one for one in pair if one != key] if key in pair else [*pair[:1], key]


def show_pair(pair: list[str], listed: Sequence[Listed]) -> None:
    """Draw the comparison if the pair is complete. If only A is chosen, say how to choose B."""
    entries = [entry for entry in (find_entry(key, listed) for key in pair) if entry]
    if len(entries) < len(pair):
        st.warning("A run in this link is not on this server. It was deleted, or trained on another server.")
    if len(entries) == 1:
        st.info(f"A is **{_title(entries[0])}**. Press **Compare** at another one.")
    if len(entries) == 2:
        _draw_pair(entries[0], entries[1])


def _draw_pair(left: Entry, right: Entry) -> None:
    heading, close = st.columns([6, 1], vertical_alignment="center")
    heading.subheader("Side by side", anchor=False)
    if close.button("Close", icon=":material/close:"):
        st.query_params.pop(_PAIR)
        st.rerun()
    for column, side, entry in zip(st.columns(2), SIDES, (left, right), strict=True):
        column.markdown(f"**{side}**: {_title(entry)}{'' if entry.finished else ' (not finished)'}")
    _settings(left, right)
    sides = [[run for run in map(_history, entry.listed) if run] for entry in (left, right)]
    _charts(sides[0], sides[1])
    _numbers(final_numbers(sides[0], sides[1]))


def _title(entry: Entry) -> str:
    """Return the name and the title of the entry, escaped for Markdown."""
    return plain(f"{entry.name} ({entry.title})" if entry.name else entry.title)


def _history(one: Listed) -> RunHistory | None:
    return follower(one.run.run_id).read()


def _settings(left: Entry, right: Entry) -> None:
    different = differences(left.configs, right.configs)
    if not different:
        st.caption("All settings are the same.")
        return
    st.markdown("**Different settings** (all others are the same)")
    st.dataframe(
        pd.DataFrame([(one.setting, one.left, one.right) for one in different], columns=["setting", *SIDES]),
        hide_index=True,
        width="stretch",
    )


def _charts(left: Sequence[RunHistory], right: Sequence[RunHistory]) -> None:
    configs = [run.config for run in (*left, *right)]
    series, epochs = series_of(configs), max(c.epochs for c in configs)
    table = pair_table(left, right)
    charts = (
        ("Test accuracy, every epoch", pair_accuracy_chart, test_accuracies_in_words),
        ("Validation loss, every epoch", pair_loss_chart, validation_losses_in_words),
    )
    for column, (title, chart, in_words) in zip(st.columns(2), charts, strict=True):
        words = " ".join(f"{side}: {in_words(runs)}" for side, runs in zip(SIDES, (left, right), strict=True))
        if chart is pair_loss_chart:
            words = f"{words} {guess_line_in_words((*left, *right))}"
        with column:
            draw_chart(title, words, table, chart(series, epochs), key=f"pair {title}")


def _numbers(table: pd.DataFrame) -> None:
    st.markdown("**Results**")
    shown = table.rename(columns={"what": "result", "B - A": "difference, B - A"})
    written = shown.style.format("{:,.4g}", subset=list(shown.columns[2:]), na_rep="–")
    st.dataframe(written, hide_index=True, width="stretch", height="content", placeholder="–")
    st.divider()
