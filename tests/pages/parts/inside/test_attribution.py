"""The picture of a map: the image in grey, with the map's values as two colours over it."""

import numpy as np

from pages.parts.inside.attribution import overlay

YELLOW, BLUE = [0xF0, 0xE4, 0x42], [0x56, 0xB4, 0xE9]


def test_values_are_colours_over_the_image() -> None:
    image = np.full((4, 4), 100, np.uint8)
    picture = overlay(image, np.array([[2.0, -2.0], [0.0, 1.0]], np.float32))
    assert picture.shape == (4, 4, 3)
    assert picture[0, 0].tolist() == picture[1, 1].tolist() == YELLOW
    assert picture[0, 2].tolist() == BLUE
    assert picture[3, 0].tolist() == [45, 45, 45]
    assert picture[3, 3].tolist() == [round((45 + one) / 2) for one in YELLOW]


def test_a_map_without_values_is_the_image() -> None:
    image = np.arange(0, 160, 10, dtype=np.uint8).reshape(4, 4)
    for values in (np.zeros((2, 2), np.float32), np.full((2, 2), np.nan, np.float32)):
        assert (overlay(image, values)[..., 0] == np.round(0.45 * image)).all()
