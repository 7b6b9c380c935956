"""What a sweep consists of, and what is none."""

import pytest

from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig
from hw5core.runs.sweeps import MAX_RUNS, Arm, Sweep, parse_rates

BASE = RunConfig(epochs=2)


def test_a_sweep_is_every_combination_once_and_each_is_an_ordinary_run() -> None:
    sweep = Sweep(BASE, ("relu", "tanh"), (0.008, 0.1), (5, 6, 7))
    assert len(set(sweep.run_ids.values())) == 12
    assert (
        sweep.run_ids[Arm("tanh", 0.1), 6] == RunConfig(epochs=2, activation="tanh", learning_rate=0.1, seed=6).run_id
    )


def test_all_arms_begin_with_their_first_seed() -> None:
    sweep = Sweep(BASE, ("relu", "tanh"), (0.008,), (5, 6))
    assert [(config.activation, config.seed) for config in sweep.configs.values()] == [
        ("relu", 5),
        ("tanh", 5),
        ("relu", 6),
        ("tanh", 6),
    ]


@pytest.mark.parametrize(
    ("activations", "rates", "seeds", "words"),
    [
        ((), (0.1,), (0,), "at least one activation"),
        (("relu",), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (0,), "at most 6 learning rates"),
        (("relu", "tanh"), (0.1,), tuple(range(MAX_RUNS)), "are 400 runs"),
    ],
)
def test_what_is_no_sweep_is_a_sentence(
    activations: tuple[str, ...], rates: tuple[float, ...], seeds: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Sweep(BASE, activations, rates, seeds)


def test_rates_are_read_as_people_write_them() -> None:
    assert parse_rates(" 0.008, 0.02;1e-3  0.008") == (0.008, 0.02, 0.001)


@pytest.mark.parametrize("text", ["", " , ", "fast", "0.1 <b>"])
def test_what_is_no_rate_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="learning rate"):
        parse_rates(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "0"])
def test_a_rate_beyond_the_settings_limits_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="learning rate"):
        _ = Sweep(BASE, ("relu",), parse_rates(text), (0,)).configs
