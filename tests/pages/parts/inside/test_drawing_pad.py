"""What a browser sends as a drawing or a picture: it becomes a digit, or a message."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from hw5core.data.datasets import DATASETS
from hw5core.data.pictures import prepare
from hw5core.errors import PictureError
from pages.parts.inside.drawing_pad import MAX_PICTURE_BYTES, SIDE, example_digit, image_in

PICTURE = Path(__file__).parents[4] / "docs" / "digit.png"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _drawing() -> np.ndarray:
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[20:60, 30:38] = 255
    return ink


def test_a_drawing_and_a_picture_of_it_give_the_same_digit() -> None:
    ink = _drawing()
    file = io.BytesIO()
    Image.fromarray(255 - ink).save(file, "PNG")
    drawn, opened = (
        image_in(kind, _text(content), DATASETS["mnist"])
        for kind, content in (("drawing", ink.tobytes()), ("picture", file.getvalue()))
    )
    assert (drawn == prepare(ink)).all()
    assert (drawn == opened).all()


def test_the_example_is_a_digit_of_mnists_form() -> None:
    example = example_digit()
    assert example.shape == (28, 28)
    rows, columns = np.nonzero(example)
    assert rows.max() - rows.min() + 1 == 20
    assert columns.max() - columns.min() < 20


HOSTILE = [
    None, True, 7, [], {}, [1], {"x": 1}, "x", "é" * 30, "=" * 9_408, "A" * 9_407, "A" * 9_412, "A" * 10_000_000,
    _text(bytes(SIDE * SIDE)), _text(b"\x89PNG\r\n\x1a\n"), _text(PICTURE.read_bytes()[:500]), json.dumps({"a": 1}),
    _text(bytes(MAX_PICTURE_BYTES)),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["drawing", "picture"])
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_everything_else_gets_a_message(kind: str, number: int) -> None:
    with pytest.raises(PictureError, match=r"\.$"):
        image_in(kind, HOSTILE[number], DATASETS["mnist"])


SCRIPT = """
from hw5core.runs.config import RunConfig
from pages.parts.inside.drawing_pad import drawing_pad

drawing_pad(RunConfig(dataset="{dataset}"))
"""


@pytest.mark.parametrize(("dataset", "thing"), [("digits", "digit"), ("fashion", "piece of clothing")])
def test_the_pad_asks_for_what_the_networks_know(dataset: str, thing: str) -> None:
    app = AppTest.from_string(SCRIPT.format(dataset=dataset)).run()
    assert not app.exception
    (pad,) = app.get("bidi_component")
    assert json.loads(pad.proto.json)["thing"] == thing
