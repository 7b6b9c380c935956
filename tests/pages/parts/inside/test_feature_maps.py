"""The layer and the value that the URL or a browser names: only those that exist are shown."""

import math
from typing import Any

from hw5core.network.counting import count
from hw5core.runs.config import RunConfig
from pages.parts.inside.feature_maps import choice_in, drawn_layers, place_in_url

HOSTILE = [
    None, "", "-", "--", "1-2", "1-2-3-4", "a-b-c", "1-2-x", "-1-2-3", "1--2-3", "10-0-0", "0-24-0", "0-0-24",
    "٣-1-1", "1.0-2-3", "9" * 5_000 + "-1-1", "1_0-1-1", " 1-1-1",
]  # fmt: skip


def test_the_place_in_a_link_is_a_value_of_the_maps() -> None:
    convolution, *_, linear = count(
        RunConfig(network="1x28x28 conv10k5 relu flatten linear25 relu linear10").architecture
    ).rows
    assert place_in_url("9-0-23", convolution) == (9, 0, 23)
    assert all(place_in_url(text, convolution) is None for text in HOSTILE)
    wide = drawn_layers(RunConfig(network="1x28x28 conv1k5 relu flatten linear25 relu linear10"))[2]
    assert [place_in_url(text, wide) for text in ("0-2-4", "0-2-5", "0-3-0", "1-0-0")] == [(0, 2, 4), None, None, None]
    assert place_in_url("0-0-9", linear) == (0, 0, 9)


def test_layers_that_change_nothing_are_left_out() -> None:
    rows = drawn_layers(RunConfig(network="1x28x28 conv3k5 relu dropout0.5 flatten linear10"))
    assert [row.name for row in rows] == ["Conv2d-1", "ReLU-2", "Linear-5"]


def test_what_a_browser_sends_is_a_layer_and_a_value_or_nothing() -> None:
    rows = drawn_layers(RunConfig())
    assert choice_in(rows, [4]) == (4, None)
    assert choice_in(rows, [4, 19, 7, 0]) == (4, (19, 7, 0))
    for value in ([20, 7, 0], [0, 0], [0, 0, 0, 0], [-1, 0, 0], [0, 0, 8]):
        assert choice_in(rows, [4, *value]) == (4, None)
    hostile: list[Any] = [None, 7, "4", [], {}, [7], [0], [-1], [True], ["4"], [4.0], [[4]], [math.inf], [4, None]]
    assert all(choice_in(rows, sent) is None for sent in hostile)
