"""Some images of a part of a run's split, each with its class and what the network predicts for it.

A click on an image shows which pixels decide: it becomes the image of the whole page.
"""

import base64
import math
from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.pictures import as_png
from hw5core.engine.tasks import images_at
from hw5core.runs.config import RunConfig
from hw5core.runs.mistakes import Classified, Places, SplitPart
from pages.parts.inside.class_choice import choose_class
from pages.parts.inside.drawing_pad import show_image
from pages.parts.shared.component import inline_component
from pages.parts.shared.server import ask_worker

_MOST = 16

_component = inline_component(__file__, "gallery", '<ul class="gallery"></ul>')


def gallery(
    config: RunConfig, part: SplitPart, found: Classified, places: Places, title: str, open_image: Callable[[], None]
) -> None:
    """Draw the first of the images at these places. The view has the style of the title.

    After a click, the image and its predicted class are chosen, and `open_image` is called. Raises EngineError.
    """
    shown = tuple(map(int, places[:_MOST]))
    images = _images(config, part, shown) if shown else ()
    dataset = DATASETS[config.dataset]
    st.html(f'<p class="hw5-gallery-title"><b>{escape(title)}:</b> {_in_words(len(places), len(shown))}</p>')
    key = f"gallery of {config.run_id}"
    items = tuple(_item(found, place, image, dataset) for place, image in zip(shown, images, strict=True))

    def opened() -> None:
        number = st.session_state[key].get("opened")
        # A browser can send anything.
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(shown):
            place = shown[number]
            what = dataset.class_in_words(int(found.labels[place]))
            show_image(config, images[number], f"{part.capitalize()} image {place}: {what}.")
            choose_class(int(found.predicted[place]))
            open_image()

    _component(key=key, data={"images": items}, on_opened_change=opened)


@st.cache_data(max_entries=500, show_spinner=False)
def _images(config: RunConfig, part: SplitPart, places: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the images at these places. A worker finds them once for all viewers."""
    images: NDArray[np.uint8]
    images, _ = ask_worker(images_at, config, part, places)
    return images


def _in_words(count: int, shown: int) -> str:
    if not count:
        return "none"
    images = f"{count:,} image{'s' * (count != 1)}"
    return images if count == shown else f"{images}; these {shown} are the most confident"


def _item(found: Classified, place: int, image: NDArray[np.uint8], dataset: Dataset) -> tuple[str, str, str, str]:
    """Return the address of the image, its description, its class and the predicted one, and the confidence."""
    label, predicted, confidence = found.labels[place], found.predicted[place], float(found.confidence[place])
    with_what, below = (
        (f" with {100 * confidence:.4g} %", f"{100 * confidence:.1f} %") if math.isfinite(confidence) else ("", "–")
    )
    words = f"image {place}: {dataset.class_in_words(label)}, predicted {dataset.class_name(predicted)}{with_what}"
    address = "data:image/png;base64," + base64.b64encode(as_png(image)).decode()
    return address, words, f"{label} → {predicted}", below
