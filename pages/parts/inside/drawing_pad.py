"""The pad on which a visitor draws, opens a picture, or takes an image of the test split. drawing_pad.js sends it.

A browser can send anything. A drawing is read as grey levels, and a picture as a file, each with its limits.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS, Dataset, is_available, split_sizes
from hw5core.data.pictures import prepare, read_picture
from hw5core.engine.tasks import images_at
from hw5core.errors import EngineError, PictureError
from hw5core.explain.convolution import DIGIT
from hw5core.runs.config import RunConfig
from pages.parts.shared.component import inline_component
from pages.parts.shared.plain_words import plain
from pages.parts.shared.sent_bytes import bytes_in, most_bytes
from pages.parts.shared.server import ask_worker

SIDE = 84
"""The side of a drawing as it is sent, in pixels: three for each of the image's."""

MAX_PICTURE_BYTES = 1_000_000
"""The browser makes a larger picture smaller before it sends it."""

_KEY = "drawing pad"
_SHOWN = "shown image"
_PROBLEM = "problem of the drawing"
_NEXT = "next test image"

_component = inline_component(__file__, "drawing_pad", '<div class="pad"></div>')


@dataclass(frozen=True)
class _Shown:
    """What a visitor has chosen, as the networks of one dataset see it, uint8 (28, 28), and what it is, in words."""

    dataset: str
    image: NDArray[np.uint8]
    words: str


def drawing_pad(config: RunConfig) -> NDArray[np.uint8]:
    """Draw the pad, and return the image as the networks see it, uint8 (28, 28). At first it is an example.

    If a picture cannot be used, the reason is below the pad, and the image stays.
    """
    shown: _Shown | None = st.session_state.get(_SHOWN)
    # An image that was prepared for another dataset is asked for again: drawing_pad.js still has the drawing.
    chosen = shown if shown and shown.dataset == config.dataset else None
    seen = chosen or _example(config)
    _component(
        key=_KEY,
        data={
            "side": SIDE,
            "most_bytes": most_bytes(MAX_PICTURE_BYTES),
            "thing": DATASETS[config.dataset].thing,
            "is_chosen": chosen is not None,
            "seen": base64.b64encode(seen.image.tobytes()).decode(),
            "seen_side": len(seen.image),
            "words": seen.words,
        },
        on_drawing_change=lambda: _take(config, "drawing"),
        on_picture_change=lambda: _take(config, "picture"),
        on_test_change=lambda: _take(config, "test"),
    )
    if problem := st.session_state.get(_PROBLEM):
        st.warning(problem)
    return seen.image


def show_image(config: RunConfig, image: NDArray[np.uint8], words: str) -> None:
    """Let the next drawing of the page show this image of the run's dataset."""
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_SHOWN] = _Shown(config.dataset, image, words)


def _example(config: RunConfig) -> _Shown:
    """Return what is shown before a visitor has chosen anything: a digit, or the first test image of other things."""
    if DATASETS[config.dataset].names and is_available(config.dataset):
        return _test_image(config, 0)
    return _Shown(config.dataset, example_digit(), "An example, until you draw.")


@lru_cache
def example_digit() -> NDArray[np.uint8]:
    """Return the digit that is shown before a visitor draws one: one of scikit-learn's, made smooth."""
    small = np.pad(np.array(DIGIT, float), 1)
    fine = np.linspace(0, len(small) - 1, 80)
    wide = np.array([np.interp(fine, range(len(row)), row) for row in small])
    smooth = np.array([np.interp(fine, range(len(column)), column) for column in wide.T]).T
    return prepare(np.clip((smooth - 5) * 40, 0, 255).astype(np.uint8))


def _take(config: RunConfig, kind: str) -> None:
    """Prepare what the browser has sent, or keep the reason why that is not possible."""
    st.session_state.pop(_PROBLEM, None)
    sent = st.session_state[_KEY].get(kind)
    if sent == "":
        st.session_state.pop(_SHOWN, None)
        return
    try:
        st.session_state[_SHOWN] = _next_test_image(config) if kind == "test" else _seen(config, kind, sent)
    except (PictureError, EngineError) as error:
        st.session_state[_PROBLEM] = plain(error)


def _seen(config: RunConfig, kind: str, sent: Any) -> _Shown:
    return _Shown(
        config.dataset, image_in(kind, sent, DATASETS[config.dataset]), "What the networks see: 28x28 pixels."
    )


def _next_test_image(config: RunConfig) -> _Shown:
    """Return the next image of the test split. All visitors see the same ones, so each is found once."""
    _, _, images = split_sizes(config.dataset)
    place = st.session_state.get(_NEXT, 0) % images
    st.session_state[_NEXT] = place + 1
    return _test_image(config, place)


@st.cache_data(max_entries=500, show_spinner=False)
def _test_image(config: RunConfig, place: int) -> _Shown:
    images, labels = ask_worker(images_at, config, "test", (place,))
    what = DATASETS[config.dataset].class_in_words(int(labels[0]))
    return _Shown(config.dataset, images[0], f"Test image {place}: {what}.")


def image_in(kind: str, sent: Any, dataset: Dataset) -> NDArray[np.uint8]:
    """Return what a browser has sent, a "drawing" or a "picture", as networks of this dataset see it.

    Raise PictureError if there is none.
    """
    return prepare(_drawing(sent) if kind == "drawing" else _picture(sent), dataset.fills_image)


def _drawing(sent: Any) -> NDArray[np.uint8]:
    """Return the grey levels of a drawing."""
    content = _decoded(sent, SIDE * SIDE)
    if len(content) != SIDE * SIDE:
        raise PictureError("The drawing has arrived incomplete. Draw it again.")
    return np.frombuffer(content, np.uint8).reshape(SIDE, SIDE)


def _picture(sent: Any) -> NDArray[np.uint8]:
    """Return the grey levels of a picture."""
    return read_picture(_decoded(sent, MAX_PICTURE_BYTES))


def _decoded(sent: Any, most: int) -> bytes:
    """Return the bytes of a drawing or a picture. Raise PictureError if they are not complete, or more than that."""
    try:
        return bytes_in(sent, most)
    except OverflowError as error:
        raise PictureError("The picture is too large. Make it smaller, or crop it.") from error
    except ValueError as error:
        raise PictureError("The picture has arrived incomplete. Try again.") from error
