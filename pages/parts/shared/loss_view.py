"""The chart of every batch's loss with the scoreboard above it, its controls, and the batch that was clicked."""

import math
from collections.abc import Callable
from functools import lru_cache, partial

import pyarrow as pa
import streamlit as st

from hw5core.charts.race import (
    MAX_LINEAR_LOSS,
    MAX_POINTS,
    Axis,
    LossView,
    axis_end,
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
_ZOOM = "zoomed chart"
_MIN_SHARE = 0.02
"""A drag over less than this share of the axis is a click of an unsteady hand, or the start of a swipe on a phone."""

_SMOOTHING = {
    1: "no moving mean",
    20: "mean of 20 batches",
    200: "mean of 200 batches",
    2_000: "mean of 2,000 batches",
}


def loss_chart(configs: tuple[RunConfig, ...], reading: Reading[RaceSnapshot], on_select: Callable[[], None]) -> None:
    """Draw the chart under the scoreboard, and keep both up to date. `on_select` is called after a zoom or a click.

    A zoom is a new chart, because the browser keeps the grey rectangle of a drag in the old one.
    """
    view, zoom = _view(), _zoom(configs)
    key = f"{_name(configs)} {zoom or ''}"
    whole = (0.0, axis_end(reading.value.runs, view.axis))
    select = partial(_select, configs, key, zoom or whole, on_select)
    with st.container(key="loss-chart"), reading.published(_content, view, zoom) as (heading, rows):
        chart = training_loss_chart(configs, view, zoom)
        draw_with_heading(heading, _TITLE, rows, chart, key=key, on_select=select, height="stretch")
    if zoom:
        st.button("Show all batches", icon=":material/zoom_out_map:", on_click=partial(_show_all, on_select))


def _select(
    configs: tuple[RunConfig, ...], key: str, shown: tuple[float, float], on_select: Callable[[], None]
) -> None:
    """Zoom to the part of the axis that was dragged over, or open the batch that was clicked.

    The browser sends both, so they can be anything.
    """
    selected = st.session_state.get(key, {}).get("selection", {})
    match selected.get("zoom"), selected.get("picked"):
        case {"x": [int() | float() as low, int() | float() as high]}, _ if _is_a_drag(low, high, shown):
            st.session_state[_ZOOM] = _name(configs), max(low, 0.0), high
        case _, [{"batch": int() | float() as batch}, *_] if math.isfinite(batch) and batch >= 0:
            st.query_params[_BATCH] = str(int(batch))
    on_select()


def _is_a_drag(low: float, high: float, shown: tuple[float, float]) -> bool:
    """Return True for a part of the shown axis that is wide enough."""
    width = high - max(low, 0.0)
    return math.isfinite(width) and width > 0 and width >= _MIN_SHARE * (shown[1] - shown[0])


def _show_all(on_select: Callable[[], None]) -> None:
    st.session_state.pop(_ZOOM, None)
    on_select()


def chosen_batch(configs: tuple[RunConfig, ...]) -> int | None:
    """Draw the number input for the batch to open, and return its value. A click on a curve sets it too.

    The URL stores it and decides.
    """
    batches = max(config.total_steps for config in configs)
    text = st.query_params.get(_BATCH, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(batches))
    chosen = int(text) if is_number and int(text) < batches else None
    if st.session_state.get(_BATCH) != chosen:
        st.session_state[_BATCH] = chosen
    with aside("open batch"):
        st.number_input(
            "open batch",
            0,
            batches - 1,
            None,
            placeholder="open batch …",
            key=_BATCH,
            on_change=_store_batch_in_url,
            label_visibility="collapsed",
        )
    return chosen


def _store_batch_in_url() -> None:
    chosen = st.session_state[_BATCH]
    if chosen is None:
        st.query_params.pop(_BATCH, None)
    else:
        st.query_params[_BATCH] = str(chosen)


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
        f"Losses above {MAX_LINEAR_LOSS:,.0f} are on the logarithmic scale only. Drag across the chart to zoom in, "
        "down to single batches. Click a point, or type a number, to open that batch."
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


def _name(configs: tuple[RunConfig, ...]) -> str:
    """Return a different name per race and axis, so that a zoom or a click does not carry over to another one."""
    return f"loss of {race_id(configs)} over {_view().axis}"


def _zoom(configs: tuple[RunConfig, ...]) -> tuple[float, float] | None:
    """Return the visible part of the axis, or None for all of it."""
    of, *ends = st.session_state.get(_ZOOM, ("",))
    return (ends[0], ends[1]) if of == _name(configs) else None
