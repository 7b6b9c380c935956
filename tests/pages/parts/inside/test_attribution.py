"""The picture of a map: the image in grey, with the map's values as two colours over it."""

import numpy as np

from hw5core.runs.config import RunConfig
from pages.parts.inside.attribution import multiplications, overlay

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


def test_a_large_network_takes_more_multiplications_than_the_page_waits_for() -> None:
    # 14 x 14 places; the learned and the initial weights, and one network per layer with weights.
    assert multiplications((RunConfig(network="1x28x28 flatten linear10 relu linear10"),)) == 196 * 4 * 7_940
    assert multiplications((RunConfig(),)) == 196 * 6 * 480_500
    large = RunConfig(network="1x28x28 conv64k5 relu conv64k5 relu flatten linear10")
    assert multiplications((large, large)) > 4_000_000_000 > multiplications((RunConfig(), RunConfig()))
