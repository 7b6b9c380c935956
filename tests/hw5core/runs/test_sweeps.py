"""Sweeps: the runs they consist of, and the settings that are refused."""

import pytest

from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig
from hw5core.runs.sweeps import MAX_RUNS, Arm, Sweep, parse_rates

BASE = RunConfig(epochs=2)


def test_a_sweep_has_every_combination_once_as_an_ordinary_run() -> None:
    sweep = Sweep(BASE, ("relu", "tanh"), (0.005, 0.1), (5, 6, 7))
    assert len(set(sweep.run_ids.values())) == 12
    assert (
        sweep.run_ids[Arm("tanh", 0.1), 6] == RunConfig(epochs=2, activation="tanh", learning_rate=0.1, seed=6).run_id
    )


def test_the_first_seed_of_all_arms_comes_first() -> None:
    sweep = Sweep(BASE, ("relu", "tanh"), (0.005,), (5, 6))
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
def test_a_sweep_that_is_empty_or_too_large_is_refused(
    activations: tuple[str, ...], rates: tuple[float, ...], seeds: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Sweep(BASE, activations, rates, seeds)


def test_learning_rates_may_be_separated_in_several_ways() -> None:
    assert parse_rates(" 0.005, 0.02;1e-3  0.005") == (0.005, 0.02, 0.001)
    assert parse_rates("0.1,0.2,1") == (0.1, 0.2, 1.0)


@pytest.mark.parametrize("text", ["", " , ", "fast", "0.1 <b>"])
def test_a_text_without_learning_rates_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="learning rate"):
        parse_rates(text)


@pytest.mark.parametrize("text", ["0,005", "0.02, 0,005", "0,005 0,02"])
def test_a_decimal_comma_is_refused_with_that_reason(text: str) -> None:
    with pytest.raises(ConfigError, match=r"write decimals with a point, 0\.005 instead of 0,005"):
        parse_rates(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "0"])
def test_a_learning_rate_outside_the_limits_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="learning rate"):
        _ = Sweep(BASE, ("relu",), parse_rates(text), (0,)).configs
