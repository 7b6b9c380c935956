"""Some images of a part of a run's split, each with its class and what the network predicts for it."""

import base64
import math
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.pictures import as_png
from hw5core.engine.tasks import images_at
from hw5core.runs.config import RunConfig
from hw5core.runs.mistakes import Classified, Part, Places
from pages.parts.shared.server import ask_worker

_MOST = 16


def gallery(config: RunConfig, part: Part, found: Classified, places: Places, title: str) -> None:
    """Draw the first of the images at these places. The view has the style. Raises EngineError."""
    shown = tuple(map(int, places[:_MOST]))
    images = _images(config, part, shown) if shown else ()
    dataset = DATASETS[config.dataset]
    items = "".join(_item(found, place, image, dataset) for place, image in zip(shown, images, strict=True))
    st.html(
        f'<p class="hw5-gallery-title"><b>{escape(title)}:</b> {_in_words(len(places), len(shown))}</p>'
        f'<ul class="hw5-gallery">{items}</ul>'
    )


@st.cache_data(max_entries=500, show_spinner=False)
def _images(config: RunConfig, part: Part, places: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the images at these places. A worker finds them once for all viewers."""
    images: NDArray[np.uint8] = ask_worker(images_at, config, part, places)
    return images


def _in_words(count: int, shown: int) -> str:
    if not count:
        return "none"
    images = f"{count:,} image{'s' * (count != 1)}"
    return images if count == shown else f"{images}; these {shown} are the most confident"


def _item(found: Classified, place: int, image: NDArray[np.uint8], dataset: Dataset) -> str:
    label, predicted, confidence = found.labels[place], found.predicted[place], float(found.confidence[place])
    with_what, below = (
        (f" with {100 * confidence:.4g} %", f"{100 * confidence:.1f} %") if math.isfinite(confidence) else ("", "–")
    )
    words = f"image {place}: {dataset.class_in_words(label)}, predicted {dataset.class_name(predicted)}{with_what}"
    address = "data:image/png;base64," + base64.b64encode(as_png(image)).decode()
    return f'<li title="{words}"><img src="{address}" alt="{words}">{label} → {predicted}<br>{below}</li>'
