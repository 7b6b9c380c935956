"""The drawing is well-formed and to scale, and its labels do not overlap."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given

from hw5core.explain.drawing import drawing
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from tests.strategies import architectures

SVG = "{http://www.w3.org/2000/svg}"


def _texts(picture: str) -> list[tuple[float, float, str]]:
    root = ElementTree.fromstring(picture)
    return [(float(text.attrib["x"]), float(text.attrib["y"]), text.text or "") for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", PRESETS)
def test_no_two_labels_overlap(name: str) -> None:
    """At a font size of 12, the characters in use are at most 7.2 pixels wide."""
    texts = _texts(drawing(count(PRESETS[name].architecture)))
    for side in (texts[::2], texts[1::2]):
        for (x, _, text), (next_x, _, next_text) in pairwise(side):
            assert x + 7.2 * len(text) / 2 < next_x - 7.2 * len(next_text) / 2


@given(architectures())
def test_the_drawing_is_well_formed_and_shows_input_and_output_shape(architecture: Architecture) -> None:
    counted = count(architecture)
    texts = [text for *_, text in _texts(drawing(counted, selected=1))]
    assert texts[1] == "×".join(map(str, architecture.input_shape))
    assert texts[-1] == "×".join(map(str, counted.output_shape))


def test_heights_are_to_scale() -> None:
    picture = drawing(count(PRESETS["homework"].architecture))
    fronts = re.findall(r'd="M[\d.]+ (\d+)H[\d.]+V([\d.]+)H', picture)
    heights = [float(bottom) - float(top) for bottom, top in fronts]
    assert [round(height / heights[0] * 244) for height in heights] == [244, 59, 57, 57, 57, 14]


def test_a_long_thin_input_fits_the_picture() -> None:
    root = ElementTree.fromstring(drawing(count(Architecture((1, 1, 4096)))))
    assert float(root.attrib["width"]) < 300
