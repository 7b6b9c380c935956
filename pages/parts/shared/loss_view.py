"""The chart of every batch's loss: over what, how smooth, how near; and the batch that was clicked on."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa
import streamlit as st

from hw5core.charts.race import Axis, LossView, training_loss_chart, training_loss_table
from hw5core.charts.words import losses_in_words
from hw5core.runs.config import RunConfig, race_id
from hw5core.runs.history import Moment, RunHistory
from pages.parts.shared.chart import draw_under, heading_html, rows_to_send
from pages.parts.shared.histories import histories
from pages.parts.shared.lecture import aside
from pages.parts.shared.push import pushed
from pages.parts.shared.scoreboard import scoreboard

_TITLE = "Training loss, every batch"
_BATCH = "batch"
_CLICKED = "batch clicked last"
_SMOOTHING = {1: "off", 20: "20 batches", 200: "200 batches", 2_000: "2,000 batches"}


def loss_chart(configs: tuple[RunConfig, ...], recorded: bool, on_pick: Callable[[], None]) -> None:
    """Draw it as its controls say, under the scoreboard, and keep both up to date; `on_pick` is called when it was
    zoomed or a batch in it was clicked."""
    view, key = _view(), _key(configs)
    with pushed(_shown, configs, recorded, view, _zoom(key)) as (heading, rows):
        draw_under(heading, _TITLE, rows, training_loss_chart(configs, view), key=key, on_select=on_pick)


def chosen_batch(configs: tuple[RunConfig, ...]) -> int | None:
    """Draw the field for the number of the batch to open. A click on a curve fills it in too; the address keeps it."""
    clicked, batches = _clicked(configs), max(config.total_steps for config in configs)
    if clicked != st.session_state.get(_CLICKED):
        st.session_state[_CLICKED] = clicked
        if clicked is not None:
            st.session_state[_BATCH] = clicked
    if (st.session_state.get(_BATCH) or 0) >= batches:
        st.session_state[_BATCH] = None  # of a longer race
    with aside("open batch"):
        chosen: int | None = st.number_input(
            "open batch",
            0,
            batches - 1,
            None,
            placeholder="open batch …",
            key=_BATCH,
            bind="query-params",
            label_visibility="collapsed",
            width=220,
        )
    return chosen


def _clicked(configs: tuple[RunConfig, ...]) -> int | None:
    """The batch that was clicked on last, if any."""
    match _selection(_key(configs), "picked"):
        case [{"batch": int() | float() as batch}, *_] if math.isfinite(batch) and batch >= 0:
            return int(batch)
    return None


def view_controls(on_change: Callable[[], None]) -> None:
    """Draw its controls, and what a point, the band and the mouse mean."""
    with st.container(horizontal=True):
        st.segmented_control(
            "over",
            list(Axis),
            default=Axis.BATCHES,
            required=True,
            key="axis",
            bind="query-params",
            label_visibility="collapsed",
            on_change=on_change,
        )
        st.selectbox(
            "smoothing",
            list(_SMOOTHING),
            format_func=lambda batches: f"smoothing {_SMOOTHING[batches]}",
            key="smoothing",
            bind="query-params",
            label_visibility="collapsed",
            width=220,
            on_change=on_change,
        )
        st.toggle("logarithmic", key="logarithmic", bind="query-params", on_change=on_change)
    st.caption(
        "The band is the range of the losses that share a point; a smoothed line's points are each the mean of so many "
        "batches before it. Wheel or drag to zoom, down to single batches; click to open a batch, or type its "
        "number; double-click to see all."
    )


def _view() -> LossView:
    """What the controls say; an address may have the axis empty."""
    said = st.session_state
    return LossView(Axis(said["axis"] or Axis.BATCHES), said["logarithmic"], said["smoothing"])


def _shown(
    configs: tuple[RunConfig, ...], recorded: bool, view: LossView, zoom: tuple[float, float] | None
) -> tuple[str, pa.Table]:
    """What it shows now: the scoreboard with the chart's heading, and the chart's rows."""
    runs = histories(configs, recorded)
    words, rows = _told(tuple(runs), tuple(run.moment for run in runs), view, zoom)
    return scoreboard(configs, runs) + heading_html(_TITLE, words), rows


@lru_cache(maxsize=128)
def _told(
    runs: tuple[RunHistory, ...],
    moments: tuple[Moment, ...],  # noqa: ARG001  what the cache goes by, since the runs themselves go on changing
    view: LossView,
    zoom: tuple[float, float] | None,
) -> tuple[str, pa.Table]:
    """The chart's words and rows, made once for all who watch; the rows in the form in which they are sent."""
    return losses_in_words(runs), rows_to_send(training_loss_table(runs, view, zoom))


def _key(configs: tuple[RunConfig, ...]) -> str:
    """What was zoomed and clicked belongs to this race on this axis."""
    return f"loss of {race_id(configs)} over {_view().axis}"


def _selection(key: str, name: str) -> Any:
    """What the chart told of one of its selections when that last changed: the ends of the part of the axis in view
    ("zoom"), the rows that were clicked ("picked"). It is the browser's word, and can be anything."""
    return st.session_state.get(key, {}).get("selection", {}).get(name)


def _zoom(key: str) -> tuple[float, float] | None:
    match _selection(key, "zoom"):
        case {"x": [int() | float() as low, int() | float() as high]} if math.isfinite(low) and math.isfinite(high):
            return low, high
    return None
