"""A sweep: the same network trained with several activations, learning rates and seeds.

An arm is what is compared, an activation with a learning rate; its runs differ in their seed alone. Each run is an
ordinary one: whoever asked for it before, its numbers serve here too. No torch.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from hw5core.errors import ConfigError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status

MAX_RUNS = 200
MAX_RATES = 6


@dataclass(frozen=True)
class Arm:
    """What a sweep compares."""

    activation: str
    learning_rate: float


@dataclass(frozen=True)
class Sweep:
    """All combinations of these activations, learning rates and seeds; `base` holds every other setting.

    Raises ConfigError for a sweep that is none or too large.
    """

    base: RunConfig
    activations: tuple[str, ...]
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.activations:
            raise ConfigError("a sweep needs at least one activation: choose some")
        if len(self.learning_rates) > MAX_RATES:
            raise ConfigError(f"at most {MAX_RATES} learning rates fit into a sweep, not {len(self.learning_rates)}")
        runs = len(self.activations) * len(self.learning_rates) * len(self.seeds)
        if not 1 <= runs <= MAX_RUNS:
            raise ConfigError(
                f"{len(self.activations)} activations with {len(self.learning_rates)} learning rates and "
                f"{len(self.seeds)} seeds are {runs} runs; a sweep has 1 to {MAX_RUNS}: take fewer of one of them"
            )

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(Arm(*pair) for pair in product(self.activations, self.learning_rates))

    @cached_property
    def configs(self) -> dict[tuple[Arm, int], RunConfig]:
        """Each run's config by its arm and seed: first the first seed of every arm, so that all bands grow alike."""
        return {
            (arm, seed): replace(self.base, activation=arm.activation, learning_rate=arm.learning_rate, seed=seed)
            for seed in self.seeds
            for arm in self.arms
        }

    @cached_property
    def run_ids(self) -> dict[tuple[Arm, int], str]:
        """Each run's id by its arm and seed."""
        return {place: config.run_id for place, config in self.configs.items()}

    def of(self, arm: Arm, runs: Mapping[str, RunHistory]) -> list[RunHistory]:
        """The runs of an arm that there are, in the order of their seeds."""
        ids = (self.run_ids[arm, seed] for seed in self.seeds)
        return [runs[run_id] for run_id in ids if run_id in runs]

    def unfinished(self, runs: Mapping[str, RunHistory]) -> list[RunConfig]:
        """The configs of the runs that are still to be trained, or to be trained to their end."""
        done = {run_id for run_id, run in runs.items() if run.status is Status.FINISHED}
        return [config for place, config in self.configs.items() if self.run_ids[place] not in done]


def parse_rates(text: str) -> tuple[float, ...]:
    """The learning rates of a text such as "0.008, 0.02", each once. Raises ConfigError for what is no number."""
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    try:
        rates = dict.fromkeys(map(float, words))
    except ValueError:
        raise ConfigError(
            f"learning rates are numbers with commas between them, such as 0.008, 0.02, not {text[:40]!r}"
        ) from None
    if not rates:
        raise ConfigError("a sweep needs at least one learning rate, such as 0.008")
    return tuple(rates)
