"""The pad on which a visitor draws a digit, or opens a picture of one. drawing_pad.js sends what was drawn.

A browser can send anything. A drawing is read as grey levels, and a picture as a file, each with its limits.
"""

import base64
import binascii
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.pictures import prepare, read_picture
from hw5core.errors import PictureError
from hw5core.explain.convolution import DIGIT
from pages.parts.shared.component import inline_component

SIDE = 84
"""The side of a drawing as it is sent, in pixels: three for each of the image's."""

MAX_PICTURE_BYTES = 1_000_000
"""The browser makes a larger picture smaller before it sends it."""

_KEY = "drawing pad"
_DRAWN = "drawn digit"
_PROBLEM = "problem of the drawing"

_component = inline_component(__file__, "drawing_pad", '<div class="pad"></div>')


def drawing_pad() -> NDArray[np.uint8]:
    """Draw the pad, and return the digit as the networks see it, uint8 (28, 28). At first it is an example.

    If a picture cannot be used, the reason is below the pad, and the digit stays.
    """
    drawn = st.session_state.get(_DRAWN)
    digit: NDArray[np.uint8] = example_digit() if drawn is None else drawn
    _component(
        key=_KEY,
        data={
            "side": SIDE,
            "most_bytes": MAX_PICTURE_BYTES,
            "has_digit": drawn is not None,
            "seen": base64.b64encode(digit.tobytes()).decode(),
            "seen_side": len(digit),
            "words": "An example, until you draw." if drawn is None else "What the networks see: 28x28 pixels.",
        },
        on_drawing_change=lambda: _take("drawing"),
        on_picture_change=lambda: _take("picture"),
    )
    if problem := st.session_state.get(_PROBLEM):
        st.warning(problem)
    return digit


@lru_cache
def example_digit() -> NDArray[np.uint8]:
    """Return the digit that is shown before a visitor draws one: one of scikit-learn's, made smooth."""
    small = np.pad(np.array(DIGIT, float), 1)
    fine = np.linspace(0, len(small) - 1, 80)
    wide = np.array([np.interp(fine, range(len(row)), row) for row in small])
    smooth = np.array([np.interp(fine, range(len(column)), column) for column in wide.T]).T
    return prepare(np.clip((smooth - 5) * 40, 0, 255).astype(np.uint8))


def _take(kind: str) -> None:
    """Prepare what the browser has sent, or keep the reason why that is not possible."""
    st.session_state.pop(_PROBLEM, None)
    sent = st.session_state[_KEY].get(kind)
    if sent == "":
        st.session_state.pop(_DRAWN, None)
        return
    try:
        st.session_state[_DRAWN] = digit_in(kind, sent)
    except PictureError as error:
        st.session_state[_PROBLEM] = str(error)


def digit_in(kind: str, sent: Any) -> NDArray[np.uint8]:
    """Return the digit in what a browser has sent, a "drawing" or a "picture", as the networks see it.

    Raise PictureError if there is none.
    """
    return prepare(_drawing(sent) if kind == "drawing" else _picture(sent))


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
    """Return the bytes in a base64 text that stands for at most so many. Raise PictureError."""
    if not isinstance(sent, str) or len(sent) > 4 * (most // 3 + 1):
        raise PictureError("The picture is too large. Make it smaller, or cut out the digit.")
    try:
        return base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("The picture has arrived incomplete. Try again.") from error
