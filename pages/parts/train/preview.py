"""What is about to be raced, before any button is pressed: the network as a picture, and the first batch of images."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hw5core.data.datasets import at_hand
from hw5core.explain.drawing import drawing
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from pages.parts.shared.opened_batch import MOST_IMAGES, enlarged, open_once

_INK = "#7a8594"
"""The picture's text and edges: an image does not know whether the page is light or dark, and this is read on both."""


def preview(configs: tuple[RunConfig, ...]) -> DeltaGenerator:
    """Draw the network that each activation is trained in; the place for `first_batch` beside it."""
    counted = count(configs[0].architecture)
    picture, images = st.columns([3, 2], vertical_alignment="bottom")
    with picture:
        labels = " and ".join(config.label for config in configs)
        st.image(drawing(counted, ink=_INK), width="stretch", alt="the network, layer by layer")
        st.caption(f"Trained with {labels}, from the same first weights: {counted.parameters:,} parameters each.")
    return images


def first_batch(place: DeltaGenerator, config: RunConfig) -> None:
    """The images of the first batch, found by a worker; nothing where they would have to be downloaded first."""
    if not at_hand(config.dataset):
        return
    batch = open_once(config, 0)
    shown = [enlarged(image) for image in batch.images[:MOST_IMAGES]]
    with place:
        st.image(
            shown,
            caption=[f"a {label}" for label in batch.labels[:MOST_IMAGES]],
            width=64,
            alt=[f"image {number} of the first batch" for number in range(1, len(shown) + 1)],
        )
        st.caption(f"The first batch of {config.batch_size}: what both see first.")
