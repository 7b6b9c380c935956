"""What the runs recorded of one layer through training: gradient, update and saturated units."""

import streamlit as st

from hw5core.charts.series import series_of
from hw5core.charts.statistics import (
    Quantity,
    recorded_layers,
    statistics_chart,
    statistics_in_words,
    statistics_table,
)
from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.plain_words import plain
from pages.parts.shared.race_snapshot import TO_THE_END, details_version, read_race, read_race_live
from pages.parts.shared.reading import Reading

_MEANING = {
    Quantity.GRADIENT: "Before training, the two networks differ most in the first layer.",
    Quantity.UPDATE: "How much a step changes the weights. Far below −3, a layer hardly learns.",
    Quantity.SATURATED: (
        "For sigmoid, units with |z| > 4.6; for ReLU, units with the output 0. ReLU learns with half of its units at 0."
    ),
}


def through_training(configs: tuple[RunConfig, ...]) -> None:
    """Draw the choice of quantity and layer, and the chart. A run that recorded nothing has no line."""
    st.subheader("Through training", anchor=False)
    reading = Reading(read_race, configs, TO_THE_END, live=read_race_live)
    reading.subscribe_redraw(details_version)
    try:
        runs = reading.value.runs
    except StoreError as error:
        st.error(plain(error))
        return
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        text = st.segmented_control(
            "quantity", [str(one) for one in Quantity], default=str(Quantity.SATURATED), required=True, key="quantity"
        )
    quantity = Quantity(text or Quantity.SATURATED)
    layers = recorded_layers(runs, quantity)
    if not layers:
        st.info("There are no records of layers yet. Train the race first.")
        return
    with controls:
        number = st.selectbox("layer", list(layers), format_func=layers.__getitem__, key=f"layer {quantity}", width=220)
    table = statistics_table(runs, quantity, number)
    chart = statistics_chart(series_of(run.config for run in runs), quantity)
    title = f"{quantity[0].upper()}{quantity[1:]} of {layers[number]}, in the batches that were measured"
    draw_chart(title, statistics_in_words(table), table, chart, key=f"statistics {quantity}")
    st.caption(
        f"{_MEANING[quantity]} A vertical line marks where a network becomes better than guessing. Runs measure up to "
        "250 of their first 1,000 batches, and then every hundredth; runs of earlier versions every hundredth only."
    )
