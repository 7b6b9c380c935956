"""The chart of every batch's loss: over what, how smooth, how near; and the batch that was clicked on."""

from collections.abc import Sequence

import streamlit as st

from hw5core.chart_words import losses_in_words
from hw5core.charts import Axis, LossView, training_loss_chart, training_loss_table
from hw5core.config import RunConfig, race_id
from hw5core.progress import Progress
from pages.shared.chart import draw_chart
from pages.shared.lecture import aside

_SMOOTHING = {1: "off", 20: "20 batches", 200: "200 batches", 2_000: "2,000 batches"}


def loss_chart(configs: tuple[RunConfig, ...], runs: Sequence[Progress]) -> int | None:
    """Draw it with its controls; the number of the batch that was clicked, or None."""
    chart = st.container()
    with aside("loss view"):
        view = _chosen_view()
    # What was zoomed and clicked belongs to this race on this axis.
    key = f"loss of {race_id(configs)} over {view.axis}"
    labels = tuple(config.label for config in configs)
    with chart:
        event = draw_chart(
            "Training loss, every batch",
            losses_in_words(runs),
            training_loss_table(runs, view, _zoom(key)),
            training_loss_chart(labels, configs[0], view),
            key=key,
            on_select="rerun",
        )
    picked = event["selection"].get("picked") or []
    return int(picked[0]["batch"]) if picked and picked[0].get("batch") is not None else None


def _chosen_view() -> LossView:
    with st.container(horizontal=True):
        axis = st.segmented_control(
            "over",
            list(Axis),
            default=Axis.BATCHES,
            required=True,
            key="axis",
            bind="query-params",
            label_visibility="collapsed",
        )
        smoothing = st.selectbox(
            "smoothing",
            list(_SMOOTHING),
            format_func=lambda batches: f"smoothing {_SMOOTHING[batches]}",
            key="smoothing",
            bind="query-params",
            label_visibility="collapsed",
            width=220,
        )
        logarithmic = st.toggle("logarithmic", key="logarithmic", bind="query-params")
    smoothed = f"Each point of a line is the mean of the {smoothing:,} batches before it. " * (smoothing > 1)
    st.caption(
        f"{smoothed}The band is the range of the losses that share a point. Wheel or drag to zoom, down to single "
        "batches; click to open a batch; double-click to see all."
    )
    return LossView(Axis(axis), logarithmic, smoothing)


def _zoom(key: str) -> tuple[float, float] | None:
    """The part of the axis in view, as the chart told when it was last zoomed or dragged."""
    selection = st.session_state.get(key, {}).get("selection", {})
    ends = selection.get("zoom", {}).get("x")
    return (ends[0], ends[1]) if ends else None
