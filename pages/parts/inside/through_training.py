"""The same image at every checkpoint: the probability of one class as a curve through training."""

import math
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.charts.one_class import Curve, one_class_chart, one_class_in_words, one_class_table
from hw5core.charts.series import series_of
from hw5core.errors import LabError
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from hw5core.training.predictions import networks_at, predict_with
from pages.parts.inside.checkpoints import checkpoint_name, source_of
from pages.parts.inside.class_choice import chosen_class, class_name
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.server import ask_worker, engine

_MAX_PARAMETERS = 4_000_000
"""The most parameters of all networks of a curve. Of a large network, not all checkpoints are shown."""

_MAX_RACES = 8
"""The number of curves whose networks the workers keep, each with at most 16 MB."""

Rows = tuple[tuple[float, ...], ...]


def through_training(
    configs: tuple[RunConfig, ...], steps: tuple[int, ...], step: int, image: NDArray[np.uint8]
) -> None:
    """Draw the probability of a class of this image at every checkpoint. A line marks the slider's."""
    shown = shown_checkpoints(configs, steps, step)
    rows = _probabilities_through(configs, shown, image.tobytes())
    chosen = chosen_class(configs[0], rows[0][-1])
    curves: dict[str, Curve] = {
        config.label: [
            (checkpoint_name(config, one), one, row[chosen])
            for one, row in zip(shown, of_network, strict=True)
            if math.isfinite(row[chosen])
        ]
        for config, of_network in zip(configs, rows, strict=True)
    }
    known = {label: curve for label, curve in curves.items() if curve}
    title = f"Probability of class {class_name(configs[0], chosen)} for this image"
    words = "; ".join(one_class_in_words(known))
    table, chart = one_class_table(known, checkpoint_name(configs[0], step)), one_class_chart(series_of(configs))
    draw_chart(title, words, table, chart, key="probability chart")
    st.caption(f"{words}.")
    if len(shown) < len(steps):
        st.caption(f"These networks are large: the chart has {len(shown)} of their {len(steps)} checkpoints.")


def shown_checkpoints(configs: tuple[RunConfig, ...], steps: tuple[int, ...], step: int) -> tuple[int, ...]:
    """Return the checkpoints of the curve: all, or evenly chosen ones if that is too much to keep.

    The first, the last and the slider's are always among them.
    """
    most = max(2, _MAX_PARAMETERS // sum(count(config.architecture).parameters for config in configs))
    if len(steps) <= most:
        return steps
    places = np.linspace(0, len(steps) - 1, most).round().astype(int).tolist()
    kept = {steps[place] for place in places} | {step}
    return tuple(one for one in steps if one in kept)


@st.cache_data(max_entries=300, show_spinner=False)
def _probabilities_through(configs: tuple[RunConfig, ...], steps: tuple[int, ...], image: bytes) -> tuple[Rows, ...]:
    """Return the probabilities of the classes of an image, by network and checkpoint. Raises LabError."""
    try:
        rows: Rows = ask_worker(predict_with, *_networks(configs, steps), configs[0], image)
    except LabError:
        # The worker with the networks may have died. Another one builds them again.
        _networks.clear(configs, steps)
        rows = ask_worker(predict_with, *_networks(configs, steps), configs[0], image)
    return tuple(rows[first : first + len(steps)] for first in range(0, len(rows), len(steps)))


@st.cache_resource(max_entries=_MAX_RACES, show_spinner=False)
def _networks(configs: tuple[RunConfig, ...], steps: tuple[int, ...]) -> tuple[Any]:
    """Return the future of these networks, by network and checkpoint. While it exists, a worker keeps them.

    So a drawing sends only its image, and not the weights of every checkpoint. The future is in a tuple, because
    Streamlit caches nothing that can be awaited.
    """
    pairs = [(config, step) for config in configs for step in steps]
    sources = tuple(source_of(*pair) for pair in pairs)
    return (engine().submit(networks_at, tuple(config for config, _ in pairs), sources),)
