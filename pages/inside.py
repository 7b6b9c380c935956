"""Look inside the two networks of a race, at any epoch of their training."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.errors import LabError, StoreError
from hw5core.runs.config import RunConfig
from pages.parts.inside.checkpoints import (
    accuracies_in_words,
    checkpoints_version,
    probabilities,
    read_checkpoints,
)
from pages.parts.inside.choice import chosen_networks
from pages.parts.inside.downloads import weights_downloads
from pages.parts.inside.drawing_pad import drawing_pad
from pages.parts.inside.epoch_slider import epoch_bar, epoch_slider
from pages.parts.inside.feature_maps import layers_inside
from pages.parts.inside.prediction_bars import prediction_bars
from pages.parts.inside.views import FRAGMENT, views
from pages.parts.inside.weights_file import label_of, row_of, weights_file
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.reading import Reading

_STEPS = (
    Step(
        "Draw with the mouse, a pen or a finger. They see it in 28x28 pixels, as large as in training.",
        ".st-key-drawing-pad",
    ),
    Step(
        "This slider goes back in the training. At the start, both guess. When does each recognise your drawing?",
        ".st-key-epoch-slider",
    ),
    Step(
        "Choose a layer, click a map, then one of its values. A frame shows what it saw, a table how it is computed.",
        ".st-key-feature-maps",
    ),
)


def page() -> None:
    begin_page(
        __file__,
        "Inside both networks",
        "**Try this:** draw something, then move the slider back to the first epochs. Which network knows it first?",
        _STEPS,
    )
    try:
        with aside("race"):
            configs = chosen_networks()
    except StoreError as error:
        st.error(plain(error))
        return
    st.fragment(_draw_inside, run_every=RECONNECT_SECONDS, key=FRAGMENT)(configs, Reading(read_checkpoints, configs))


def _draw_inside(configs: tuple[RunConfig, ...], reading: Reading[tuple[int, ...]]) -> None:
    """Draw everything that follows the drawing and the slider."""
    reading = reading.in_fragment(FRAGMENT)
    reading.subscribe_redraw(checkpoints_version)
    try:
        drawing, result = st.columns(2, gap="medium")
        with drawing:
            image = drawing_pad(configs[0])
        with epoch_bar():
            step = epoch_slider(configs[0], reading.value)
            st.caption(accuracies_in_words(configs, step))
        with result:
            _predictions(configs, step, image)
        layers_inside(configs, step, image)
        with aside("weights"):
            weights_downloads(configs, step)
        views(configs, reading.value, step, image)
    except LabError as error:
        st.error(plain(error))


def _predictions(configs: tuple[RunConfig, ...], step: int, image: NDArray[np.uint8]) -> None:
    """Draw what the networks predict for the image: those of the race, and one that a visitor has loaded."""
    # The button comes last on the page, but decides which networks are drawn.
    place = st.container()
    with aside("weights file"):
        loaded = weights_file()
    rows, labels = probabilities(configs, step, image.tobytes()), tuple(config.label for config in configs)
    if loaded:
        configs, rows, labels = (*configs, loaded.config), (*rows, row_of(loaded, image)), (*labels, label_of(loaded))
    with place:
        prediction_bars(configs, rows, labels)


page()
