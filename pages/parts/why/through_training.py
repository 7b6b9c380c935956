"""What the runs recorded of one layer through training: gradient, update and saturated units."""

from collections.abc import Sequence

import streamlit as st

from hw5core.charts.series import series_of
from hw5core.charts.statistics import (
    Quantity,
    recorded_layers,
    statistics_chart,
    statistics_in_words,
    statistics_table,
)
from hw5core.runs.history import RunHistory
from pages.parts.shared.chart import draw_chart

_MEANING = {
    Quantity.GRADIENT: "Before training, the two networks differ most in the first layer.",
    Quantity.UPDATE: "How much a step changes the weights. Far below −3, a layer hardly learns.",
    Quantity.SATURATED: (
        "For sigmoid, units with |z| > 4.6; for ReLU, units with the output 0. ReLU learns with half of its units at 0."
    ),
}


def through_training(runs: Sequence[RunHistory]) -> None:
    """Draw the choice of quantity and layer, and the chart. A run that recorded nothing has no line."""
    st.subheader("Through training", anchor=False)
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        text = st.segmented_control(
            "quantity", [str(one) for one in Quantity], default=str(Quantity.SATURATED), required=True, key="quantity"
        )
    quantity = Quantity(text or Quantity.SATURATED)
    layers = recorded_layers(runs, quantity)
    if not layers:
        st.info("These runs recorded nothing of their layers.")
        return
    with controls:
        number = st.selectbox("layer", list(layers), format_func=layers.__getitem__, key=f"layer {quantity}", width=220)
    table = statistics_table(runs, quantity, number)
    chart = statistics_chart(series_of(run.config for run in runs), quantity)
    title = f"{quantity[0].upper()}{quantity[1:]} of {layers[number]}, in the batches that were measured"
    draw_chart(title, statistics_in_words(table), table, chart, key=f"statistics {quantity}")
    st.caption(
        f"{_MEANING[quantity]} A vertical line marks where a network becomes better than guessing. Runs measure every "
        "hundredth batch."
    )
