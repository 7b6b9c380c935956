"""The chart of every batch's loss with the scoreboard above it, its controls, and the batch that was clicked."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa
import streamlit as st

from hw5core.charts.race import (
    MAX_LINEAR_LOSS,
    MAX_POINTS,
    Axis,
    LossView,
    batches_per_point,
    training_loss_chart,
    training_loss_table,
)
from hw5core.charts.words import losses_in_words
from hw5core.runs.config import RunConfig, race_id
from pages.parts.shared.chart import draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.lecture import aside
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.reading import Reading
from pages.parts.shared.scoreboard import scoreboard

_TITLE = "Training loss, every batch"
_BATCH = "batch"
_LAST_CLICK = "last clicked batch"
_SMOOTHING = {
    1: "no moving mean",
    20: "mean of 20 batches",
    200: "mean of 200 batches",
    2_000: "mean of 2,000 batches",
}


def loss_chart(configs: tuple[RunConfig, ...], reading: Reading[RaceSnapshot], on_select: Callable[[], None]) -> None:
    """Draw the chart under the scoreboard, and keep both up to date. `on_select` is called after a zoom or a click."""
    view, key = _view(), _key(configs)
    with reading.published(_content, view, _zoom(key)) as (heading, rows):
        draw_with_heading(heading, _TITLE, rows, training_loss_chart(configs, view), key=key, on_select=on_select)


def chosen_batch(configs: tuple[RunConfig, ...]) -> int | None:
    """Draw the number input for the batch to open, and return its value. A click on a curve sets it too, and the URL
    stores it."""
    clicked, batches = _clicked(configs), max(config.total_steps for config in configs)
    if clicked != st.session_state.get(_LAST_CLICK):
        st.session_state[_LAST_CLICK] = clicked
        if clicked is not None:
            st.session_state[_BATCH] = clicked
    if (st.session_state.get(_BATCH) or 0) >= batches:
        st.session_state[_BATCH] = None  # it is left from a longer race
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
    """Return the number of the batch that was clicked last, or None."""
    match _selection(_key(configs), "picked"):
        case [{"batch": int() | float() as batch}, *_] if math.isfinite(batch) and batch >= 0:
            return int(batch)
    return None


def view_controls(configs: tuple[RunConfig, ...], on_change: Callable[[], None]) -> None:
    """Draw the controls of the chart, and a caption that explains how to read it."""
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
            "moving mean",
            list(_SMOOTHING),
            format_func=_SMOOTHING.__getitem__,
            key="smoothing",
            bind="query-params",
            label_visibility="collapsed",
            width=220,
            on_change=on_change,
        )
        st.toggle("logarithmic", key="logarithmic", bind="query-params", on_change=on_change)
    st.caption(
        f"{_points_in_words(configs)} A moving mean replaces each loss by the mean of that many batches up to it. "
        f"Losses above {MAX_LINEAR_LOSS:,.0f} are on the logarithmic scale only. Use the wheel or drag to zoom, "
        "down to single batches. Click a point, or type a number, to open that batch. Double-click to see everything "
        "again."
    )


def _points_in_words(configs: tuple[RunConfig, ...]) -> str:
    """Return what a point and the band of the chart show while the chart is not zoomed."""
    batches = batches_per_point(max(config.total_steps for config in configs))
    if batches == 1:
        return "Each point is the loss of one batch."
    return (
        f"A curve has at most {MAX_POINTS} points, so each point is the mean loss of {batches:,} batches, and the band "
        "shows the lowest and the highest of them."
    )


def _view() -> LossView:
    # In a URL the axis can be empty.
    state = st.session_state
    return LossView(Axis(state["axis"] or Axis.BATCHES), state["logarithmic"], state["smoothing"])


@lru_cache(maxsize=64)
def _content(race: RaceSnapshot, view: LossView, zoom: tuple[float, float] | None) -> tuple[str, pa.Table]:
    """Return the scoreboard with the chart's heading, and the chart's rows, made once for all viewers."""
    heading = heading_html(_TITLE, losses_in_words(race.runs))
    return scoreboard(race) + heading, rows_to_send(training_loss_table(race.runs, view, zoom))


def _key(configs: tuple[RunConfig, ...]) -> str:
    """Return a different key per race and axis, so that a zoom or a click does not carry over to another one."""
    return f"loss of {race_id(configs)} over {_view().axis}"


def _selection(key: str, name: str) -> Any:
    """Return a selection of the chart: "zoom" holds the visible part of the axis, "picked" the clicked rows.

    The browser sends it, so it can be anything.
    """
    return st.session_state.get(key, {}).get("selection", {}).get(name)


def _zoom(key: str) -> tuple[float, float] | None:
    match _selection(key, "zoom"):
        case {"x": [int() | float() as low, int() | float() as high]} if math.isfinite(low) and math.isfinite(high):
            return low, high
    return None
