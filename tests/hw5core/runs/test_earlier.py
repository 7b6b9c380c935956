"""Links of earlier versions, whose network of question 2 was another one."""

from dataclasses import replace

import pytest

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.earlier import earlier_race
from hw5core.runs.recorded import EARLIER_RACE, has_recording


@pytest.mark.parametrize(
    ("config", "run_id"),
    [
        # The ids that earlier versions gave to these runs.
        (RunConfig(dataset="mnist"), "b1e7cbbed0fe871d"),
        (RunConfig(dataset="digits", epochs=2, learning_rate=0.05), "db169bb156d595c4"),
    ],
)
def test_a_link_without_these_settings_meant_the_run_of_an_earlier_version(config: RunConfig, run_id: str) -> None:
    (earlier,) = earlier_race((config,))
    assert earlier.run_id == run_id
    assert earlier.network == "1x28x28 conv16k3p1 relu avgpool2 conv64k3p1 relu avgpool2 flatten linear50 relu linear10"


def test_what_a_link_names_stays() -> None:
    config = RunConfig(epochs=7, learning_rate=0.3, seed=4, activation="tanh", momentum=0.5)
    (earlier,) = earlier_race((config,))
    assert replace(earlier, network=config.network) == config
    digits = DATASETS["digits"]
    (default,) = earlier_race((RunConfig(epochs=digits.epochs, learning_rate=digits.learning_rate),))
    assert (default.epochs, default.learning_rate) == (20, 0.008)


def test_a_link_that_names_a_network_meant_the_same() -> None:
    assert earlier_race(race(RunConfig(network="1x28x28 flatten relu linear10"))) == ()


def test_the_earlier_recording_is_still_there() -> None:
    assert has_recording(EARLIER_RACE)
