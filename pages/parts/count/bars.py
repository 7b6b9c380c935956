"""The bars that compare the layers. A click on a bar selects its layer everywhere."""

import streamlit as st

from hw5core.charts.layers import SELECTION, UPRIGHT_FROM, share_chart, share_table
from hw5core.charts.words import shares_in_words
from hw5core.network.counting import Count
from pages.parts.count import state
from pages.parts.shared.chart import draw_chart

_KEY = "bars"


def share_bars(counted: Count, selected: int | None) -> None:
    """Draw the bars. Draws nothing if no layer fits."""
    if not counted.rows:
        return
    draw_chart(
        "Each layer's share of parameters, MACs and output values",
        shares_in_words(counted),
        share_table(counted, selected),
        share_chart(upright=len(counted.rows) >= UPRIGHT_FROM),
        key=_KEY,
        on_select=_picked,
        selection_mode=SELECTION,
    )


def _picked() -> None:
    match st.session_state[_KEY]["selection"].get(SELECTION):
        case [{"number": int() as number}, *_]:
            state.select(number)
        case _:
            state.select(None)
    st.rerun()
