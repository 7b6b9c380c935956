"""What the runs recorded of a part of the network through training: one chart per quantity, with one cursor for all."""

from collections.abc import Hashable, Sequence
from typing import Any

import streamlit as st

from hw5core.charts.series import series_of
from hw5core.charts.statistics import (
    GOOD_UPDATE,
    Figures,
    Quantity,
    figures_in_words,
    figures_through_training,
    recorded_parts,
)
from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learned_after
from hw5core.runs.measured_batches import FIRST_BATCHES, SELDOM
from pages.parts.shared.chart import heading_html
from pages.parts.shared.component import inline_component
from pages.parts.shared.plain_words import plain
from pages.parts.shared.race_snapshot import TO_THE_END, RaceSnapshot, details_version, read_race, read_race_live
from pages.parts.shared.reading import Reading
from pages.parts.why.evidence import train_link

_component = inline_component(__file__, "through_training", '<div class="through-training"></div>')

_ALL, _FIRST = "all batches", f"first {FIRST_BATCHES:,}"
_SHARES = (Quantity.SATURATED, Quantity.ZEROS)
_MEANING = (
    "Point at a chart, or move the slider: all charts and the table show that batch. A vertical line marks where a "
    "network becomes better than guessing. The ratio of rate × gradient to the weights is that of their standard "
    "deviations. At the dotted line, −3, a step changes a weight by a thousandth; far below it, a layer hardly learns. "
    "Momentum is not part of it. The deviation of the activations is their standard deviation. A unit is saturated if "
    "its slope is below 0.01: for sigmoid |z| > 4.6, for ReLU the output 0. ReLU learns with half of its units at 0. "
    f"Runs measure up to 200 of their first {FIRST_BATCHES:,} batches, then every {SELDOM}th. Runs of earlier versions "
    "recorded less."
)


def through_training(configs: tuple[RunConfig, ...]) -> None:
    """Draw the choice of the part and of the batches, and the charts. A run that recorded nothing has no line."""
    st.subheader("Through training", anchor=False)
    reading = Reading(read_race, configs, TO_THE_END, live=read_race_live)
    reading.subscribe_redraw(_version)
    try:
        runs = reading.value.runs
    except StoreError as error:
        st.error(plain(error))
        return
    parts = recorded_parts(runs)
    if not parts:
        st.info("There are no records of layers yet. Train the race first.")
        train_link("Train this race", configs)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        titles = [one.title for one in parts]
        title = st.selectbox("layers", titles, key="part of the network", width=330)
        span = st.segmented_control(
            "batches", [_ALL, _FIRST], default=_ALL, required=True, key="batches shown", label_visibility="collapsed"
        )
    part = parts[titles.index(title)]
    figures = figures_through_training(runs, part, FIRST_BATCHES if span == _FIRST else None)
    st.html(heading_html(f"{part.title}, batch by batch", figures_in_words(figures)))
    _component(key="figures of a part", data=_data(runs, figures, span == _FIRST))
    st.caption(_MEANING)


def _version(race: RaceSnapshot) -> Hashable:
    """Return a value that changes when the charts have to be redrawn: after each epoch, too."""
    return details_version(race), tuple(len(run.epochs) for run in race.runs)


def _data(runs: Sequence[RunHistory], figures: Sequence[Figures], is_start: bool) -> dict[str, Any]:
    """Return what the component draws. In tuples: with lists, Streamlit would look for tables in them."""
    looks = {one.label: one for one in series_of(run.config for run in runs)}
    first = min(run.first_step for run in runs)
    networks = tuple(
        {
            "label": run.label,
            "colour": looks[run.label].colour,
            "dash": looks[run.label].dash,
            "left": None if (after := learned_after(run)) is None else run.first_step + after,
            "steps": next((one.steps for one in figures if one.label == run.label), ()),
        }
        for run in runs
    )
    last = first + FIRST_BATCHES if is_start else max(run.config.total_steps for run in runs)
    panels = tuple(_panel(quantity, figures) for quantity in dict.fromkeys(one.quantity for one in figures))
    return {"networks": networks, "panels": panels, "from": first, "to": last}


def _panel(quantity: Quantity, figures: Sequence[Figures]) -> dict[str, Any]:
    return {
        "title": str(quantity),
        "drawn": quantity is not Quantity.LOSS,
        "scale": "share" if quantity in _SHARES else "log" if quantity is Quantity.GRADIENT else "linear",
        "line": GOOD_UPDATE if quantity is Quantity.UPDATE else None,
        "values": tuple(one.values for one in figures if one.quantity is quantity),
    }
