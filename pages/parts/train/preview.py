"""What a race will train, before it starts: the network as a picture, and the first batch of images."""

from contextlib import AbstractContextManager

import streamlit as st

from hw5core.data.datasets import DATASETS, is_available
from hw5core.explain.drawing import drawing
from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from pages.parts.shared.opened_batch import MAX_IMAGES, enlarged, open_once

_INK = "#7a8594"
"""The colour of text and edges: an image cannot follow the page's colour scheme, so this is readable on both."""


def preview(configs: tuple[RunConfig, ...]) -> AbstractContextManager[object]:
    """Draw the network, and return the column next to it, for `first_batch`."""
    counted = count(configs[0].architecture)
    picture, images = st.columns([3, 2], vertical_alignment="bottom")
    with picture:
        labels = " and ".join(config.label for config in configs)
        st.image(drawing(counted, ink=_INK), width="stretch", alt="the layers of the network")
        st.caption(f"Trained with {labels}, from the same initial weights. {counted.parameters:,} parameters each.")
    return images


def first_batch(place: AbstractContextManager[object], config: RunConfig) -> None:
    """Draw the images of the first batch. Draw nothing if they would have to be downloaded first."""
    if not is_available(config.dataset):
        return
    batch = open_once(config, 0)
    shown = [enlarged(image) for image in batch.images[:MAX_IMAGES]]
    with place:
        st.image(
            shown,
            caption=list(map(DATASETS[config.dataset].class_in_words, batch.labels[:MAX_IMAGES])),
            width=64,
            alt=[f"image {number} of the first batch" for number in range(1, len(shown) + 1)],
        )
        st.caption(f"The first batch of {config.batch_size} images, the same for every network.")
