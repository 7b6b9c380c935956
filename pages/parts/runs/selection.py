"""The selected runs: their charts, and what their owner may do with them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from hw5core.charts.comparison import comparison_series, comparison_table
from hw5core.charts.race import test_accuracy_chart, validation_loss_chart
from hw5core.runs.summary import Summary
from hw5core.store.store import MAX_NAME
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.deletion import delete_button
from pages.parts.shared.lecture import aside
from pages.parts.shared.run_buttons import perform
from pages.parts.shared.server import engine, owner


def comparison(chosen: Sequence[Summary]) -> None:
    """Draw the results of these runs after each epoch in the same two charts."""
    trained = [one for one in chosen if one.epochs]
    if not trained:
        st.info("Select runs with a finished epoch in the table to compare them here.")
        return
    series, table = comparison_series(trained), comparison_table(trained)
    epochs = max(one.config.epochs for one in trained)
    shares = {one.commonest_share for one in trained if one.commonest_share is not None}
    share = next(iter(shares)) if len(shares) == 1 else None
    accuracy, loss = st.columns(2)
    with accuracy:
        chart = test_accuracy_chart(series, epochs, share)
        draw_chart("Test accuracy, every epoch", _in_words(table, "test_accuracy"), table, chart, key="accuracies")
    with loss:
        chart = validation_loss_chart(series, epochs)
        draw_chart("Validation loss, every epoch", _in_words(table, "validation_loss"), table, chart, key="losses")


def _in_words(table: pd.DataFrame, column: str) -> str:
    last = table.dropna().groupby("series", sort=False).tail(1)
    return "; ".join(f"{row['series']}: {row[column]:.2f}" for row in last.to_dict("records"))


def owner_actions(chosen: Sequence[Summary], owned: frozenset[str]) -> None:
    """Draw the buttons that rename and delete those of the runs that this user owns."""
    own = [one for one in chosen if one.run.run_id in owned]
    if not own:
        return
    with aside("owner"), st.container(horizontal=True):
        _rename(own)
        delete_button([one.config for one in own], "run" if len(own) == 1 else "selection")


def _rename(own: Sequence[Summary]) -> None:
    names = {one.run.name for one in own}
    name = names.pop() if len(names) == 1 else ""
    ids = [one.run.run_id for one in own]
    # With the runs and the name in its key, a rename makes a new popover, which is closed.
    key = f"{' '.join(ids)} {name}"
    with st.popover("Rename", icon=":material/edit:", key=f"rename {key}"):
        new = st.text_input("Name", name, max_chars=MAX_NAME, key=f"name {key}",
                            help="Everyone sees it. Leave it empty to remove the name.")  # fmt: skip
        if st.button("Save name", type="primary") and perform(lambda: _save(ids, new)):
            st.rerun()


def _save(ids: Sequence[str], name: str) -> None:
    for run_id in ids:
        engine().rename(run_id, name, owner())
