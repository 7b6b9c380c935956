"""Two races or runs beside each other. The pair stands in the address, so that a link shows it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from hw5core.charts.side_by_side import (
    SIDES,
    differences,
    final_numbers,
    pair_accuracy_chart,
    pair_loss_chart,
    pair_table,
)
from hw5core.charts.words import test_accuracies_in_words, validation_losses_in_words
from hw5core.runs.catalogue import Entry, Listed, entry_of
from hw5core.runs.history import RunHistory
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import follower

_PAIR = "pair"


def chosen_pair() -> list[str]:
    """The keys of at most two entries, A and B, as the address has them."""
    return list(dict.fromkeys(st.query_params.get_all(_PAIR)))[:2]


def take_into_pair(key: str) -> None:
    """Add it, in the place of B if there are two; or take it out again."""
    pair = chosen_pair()
    st.query_params[_PAIR] = [one for one in pair if one != key] if key in pair else [*pair[:1], key]


def show_pair(pair: list[str], listed: Sequence[Listed]) -> None:
    """Draw what the address asks for: nothing, one half of a pair, or both halves."""
    found = [entry for entry in (entry_of(key, listed) for key in pair) if entry]
    if len(found) < len(pair):
        st.warning("A run of this link is not on this server: it was deleted, or trained elsewhere.")
    if len(found) == 1:
        st.info(f"A is **{_named(found[0])}**. Press **Side by side** at another one to see both.")
    if len(found) == 2:
        _draw_pair(found[0], found[1])


def _draw_pair(left: Entry, right: Entry) -> None:
    heading, close = st.columns([6, 1], vertical_alignment="center")
    heading.subheader("Side by side", anchor=False)
    if close.button("Close", icon=":material/close:"):
        st.query_params.pop(_PAIR)
        st.rerun()
    for column, side, entry in zip(st.columns(2), SIDES, (left, right), strict=True):
        column.markdown(f"**{side}**: {_named(entry)}{'' if entry.finished else ' (not finished: as far as it came)'}")
    _settings(left, right)
    sides = [[run for run in map(_story, entry.listed) if run] for entry in (left, right)]
    _charts(sides[0], sides[1])
    _numbers(final_numbers(sides[0], sides[1]))


def _named(entry: Entry) -> str:
    """Its name and title as plain text in Markdown."""
    return plain(f"{entry.name} ({entry.title})" if entry.name else entry.title)


def _story(one: Listed) -> RunHistory | None:
    return follower(one.run.run_id).read()


def _settings(left: Entry, right: Entry) -> None:
    found = differences(left.configs, right.configs)
    if not found:
        st.caption("They differ in no setting.")
        return
    st.markdown("**What differs** (every other setting is the same)")
    st.dataframe(
        pd.DataFrame([(one.setting, one.left, one.right) for one in found], columns=["setting", *SIDES]),
        hide_index=True,
        width="stretch",
    )


def _charts(left: Sequence[RunHistory], right: Sequence[RunHistory]) -> None:
    configs = [run.run.config for run in (*left, *right)]
    labels, epochs = tuple(dict.fromkeys(c.label for c in configs)), max(c.epochs for c in configs)
    table = pair_table(left, right)
    drawn = (
        ("Test accuracy, every epoch", pair_accuracy_chart, test_accuracies_in_words),
        ("Validation loss, every epoch", pair_loss_chart, validation_losses_in_words),
    )
    for column, (title, chart, in_words) in zip(st.columns(2), drawn, strict=True):
        words = " ".join(f"{side}: {in_words(runs)}" for side, runs in zip(SIDES, (left, right), strict=True))
        with column:
            draw_chart(title, words, table, chart(labels, epochs), key=f"pair {title}")


def _numbers(table: pd.DataFrame) -> None:
    st.markdown("**What each came to**")
    shown = table.rename(columns={"what": "in the end", "B - A": "difference, B - A"})
    written = shown.style.format("{:,.4g}", subset=list(shown.columns[2:]), na_rep="–")
    st.dataframe(written, hide_index=True, width="stretch", height="content", placeholder="–")
    st.divider()
