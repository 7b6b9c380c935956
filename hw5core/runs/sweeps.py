"""Sweeps: the same network trained with several activations, learning rates and seeds.

The runs of an arm have the same activation and learning rate, and differ only in their seed. Each run is an ordinary
run: if it has been trained before, its results are used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory

MAX_RUNS = 200
MAX_RATES = 6


@dataclass(frozen=True)
class Arm:
    """An activation with a learning rate: what a sweep compares."""

    activation: str
    learning_rate: float


@dataclass(frozen=True)
class Sweep:
    """All combinations of activations, learning rates and seeds. `base` holds every other setting.

    Raise ConfigError for an empty or a too large sweep.
    """

    base: RunConfig
    activations: tuple[str, ...]
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.activations:
            raise ConfigError("a sweep needs at least one activation")
        if len(self.learning_rates) > MAX_RATES:
            raise ConfigError(f"a sweep has at most {MAX_RATES} learning rates, not {len(self.learning_rates)}")
        runs = len(self.activations) * len(self.learning_rates) * len(self.seeds)
        if not 1 <= runs <= MAX_RUNS:
            raise ConfigError(
                f"{len(self.activations)} activations with {len(self.learning_rates)} learning rates and "
                f"{len(self.seeds)} seeds are {runs} runs, and a sweep has 1 to {MAX_RUNS}: choose fewer of one of them"
            )

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(Arm(*pair) for pair in product(self.activations, self.learning_rates))

    @cached_property
    def configs(self) -> dict[tuple[Arm, int], RunConfig]:
        """The config of each run by arm and seed: first all arms with the first seed, so that bands grow together."""
        return {
            (arm, seed): replace(self.base, activation=arm.activation, learning_rate=arm.learning_rate, seed=seed)
            for seed in self.seeds
            for arm in self.arms
        }

    @cached_property
    def run_ids(self) -> dict[tuple[Arm, int], str]:
        """The id of each run by arm and seed."""
        return {place: config.run_id for place, config in self.configs.items()}

    def of(self, arm: Arm, histories: Mapping[str, RunHistory]) -> list[RunHistory]:
        """Return the histories of an arm's runs, in the order of the seeds. Runs without a history are left out."""
        ids = (self.run_ids[arm, seed] for seed in self.seeds)
        return [histories[run_id] for run_id in ids if run_id in histories]


def parse_rates(text: str) -> tuple[float, ...]:
    """Return the different learning rates in a text such as "0.005, 0.02". Raise ConfigError for other texts."""
    if comma := re.search(r"(?<![\d.])\d+,\d+(?![\d.])", text):
        point = comma[0].replace(",", ".")
        raise ConfigError(f"write decimals with a point, {point} instead of {comma[0]}, or two numbers with a space")
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    try:
        rates = dict.fromkeys(map(float, words))
    except ValueError:
        raise ConfigError(
            f"learning rates must be numbers separated by commas, such as 0.005, 0.02, not {text[:40]!r}"
        ) from None
    if not rates:
        raise ConfigError("a sweep needs at least one learning rate, such as 0.005")
    return tuple(rates)
