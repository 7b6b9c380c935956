"""The race with the network of the Count page: the query of its link, what it changes, and why there is none."""

from urllib.parse import parse_qsl, urlencode

import pytest

from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from pages.parts.count.race_link import race_with


def test_a_network_for_the_images_races_unchanged() -> None:
    race = race_with(parse("1x28x28 conv8k3 tanh flatten linear10"))
    assert dict(parse_qsl(urlencode(race.query)))["network"] == "1x28x28 conv8k3 relu flatten linear10"
    assert (race.change, race.problem) == ("", "")


def test_the_homeworks_first_network_races_with_another_input_and_end() -> None:
    race = race_with(PRESETS["homework"].architecture)
    assert dict(race.query)["network"].endswith("relu flatten linear10")
    assert race.change == "The images are 1x28x28, so the network starts with 1x28x28 and ends with linear10."


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (PRESETS["vgg-16"].text, "does not fit"),
        (PRESETS["empty"].text, "no activation"),
        ("1x28x28 relu flatten linear1000000 relu", "the limits for training"),
        ("1x28x28" + " relu" * 99, "at most 100 layers"),
    ],
)
def test_a_network_that_cannot_race_has_a_reason(network: str, problem: str) -> None:
    assert problem in race_with(parse(network)).problem
