"""The runs of a store as a list that people can use: grouped into races, searched and sorted. No torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import SETTINGS, RunConfig, setting_fields
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

_TITLED = ("dataset", "activation", "network", "epochs", "seed")
"""What a line says in any case; of the other settings it names those that are not the homework's."""


class Order(StrEnum):
    """How the list may be sorted."""

    NEWEST = "newest first"
    OLDEST = "oldest first"
    BEST = "best accuracy first"
    NAMED = "by name"


@dataclass(frozen=True)
class Listed:
    """A run with the result of its last epoch so far."""

    run: Run
    result: EpochResult | None

    @property
    def outdated(self) -> bool:
        """Whether an earlier version of the training trained it: whoever asks for its config now gets another run."""
        return self.run.run_id != self.run.config.run_id


@dataclass(frozen=True)
class Entry:
    """A line of the list: the runs of one race, which differ in their activation alone, or a single run. `key` names it
    in links: the runs' race key, or the run's id."""

    key: str
    listed: tuple[Listed, ...]

    @property
    def config(self) -> RunConfig:
        """The config of its first run."""
        return self.listed[0].run.config

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        return tuple(one.run.config for one in self.listed)

    @property
    def name(self) -> str:
        """What the owners call it: each name that its runs have, or nothing."""
        return " / ".join(dict.fromkeys(one.run.name for one in self.listed if one.run.name))

    @property
    def title(self) -> str:
        """What to call it where it has no name: "ReLU, sigmoid on digits"."""
        return f"{', '.join(one.run.config.label for one in self.listed)} on {self.config.dataset}"

    @property
    def created(self) -> float:
        """When its newest run was begun, in seconds since 1970."""
        return max(one.run.created for one in self.listed)

    @property
    def outdated(self) -> bool:
        return self.listed[0].outdated

    @property
    def age(self) -> tuple[int, float]:
        """Grows from entry to entry as they were begun, whatever the clock did."""
        return max(one.run.number for one in self.listed), self.created

    @property
    def finished(self) -> bool:
        return all(one.run.status is Status.FINISHED for one in self.listed)

    @property
    def best(self) -> float:
        """The highest newest test accuracy among its runs, -1 where none has any."""
        return max((one.result.test_accuracy for one in self.listed if one.result), default=-1.0)


def races(listed: Iterable[Listed]) -> list[Entry]:
    """One entry per race, its runs in the registry's order of activations; those of earlier versions apart."""
    groups: dict[str, list[Listed]] = {}
    for one in listed:
        groups.setdefault(one.run.config.race_key + "-before" * one.outdated, []).append(one)
    order = list(ACTIVATIONS)
    return [
        Entry(key, tuple(sorted(group, key=lambda one: order.index(one.run.config.activation))))
        for key, group in groups.items()
    ]


def single_runs(listed: Iterable[Listed]) -> list[Entry]:
    """One entry per run."""
    return [Entry(one.run.run_id, (one,)) for one in listed]


def entry_of(key: str, listed: Sequence[Listed]) -> Entry | None:
    """The race or the run that a link names; None if there is none (any more)."""
    return next((entry for entry in (*races(listed), *single_runs(listed)) if entry.key == key), None)


def matching(entries: Iterable[Entry], words: str) -> list[Entry]:
    """Those in whose name, title, settings, states or ids each of the words occurs."""
    wanted = words.casefold().split()
    return [entry for entry in entries if all(word in _searched(entry) for word in wanted)]


def ordered(entries: Iterable[Entry], order: Order) -> list[Entry]:
    """The entries in this order; those without a name or an accuracy come last."""
    match order:
        case Order.NEWEST:
            return sorted(entries, key=lambda entry: entry.age, reverse=True)
        case Order.OLDEST:
            return sorted(entries, key=lambda entry: entry.age)
        case Order.BEST:
            return sorted(entries, key=lambda entry: -entry.best)
        case Order.NAMED:
            newest = sorted(entries, key=lambda entry: entry.age, reverse=True)
            return sorted(newest, key=lambda entry: (not entry.name, entry.name.casefold()))


def settings(config: RunConfig) -> str:
    """Seed, epochs and whatever else is not the homework's, in words."""
    rarer = [
        f"{SETTINGS[declared.name].label} {format_value(getattr(config, declared.name))}"
        for declared in setting_fields()
        if declared.name not in _TITLED and getattr(config, declared.name) != declared.default
    ]
    homework = RunConfig(activation=config.activation).network
    network = [] if config.network == homework else [f"network {config.network}"]
    return ", ".join([f"{config.epochs} epoch{'s' * (config.epochs != 1)}", f"seed {config.seed}", *rarer, *network])


def format_value(value: object) -> str:
    """A setting's value as people read it."""
    return f"{value:,g}" if isinstance(value, float) else str(value)


def _searched(entry: Entry) -> str:
    states = Counter(str(one.run.status) for one in entry.listed)
    ids = [one.run.run_id for one in entry.listed]
    activations = [config.activation for config in entry.configs]
    dataset = DATASETS[entry.config.dataset].title
    words = [
        entry.name,
        entry.title,
        "earlier version" * entry.outdated,
        dataset,
        settings(entry.config),
        entry.config.network,
        entry.key,
    ]
    return " ".join([*words, *states, *ids, *activations]).casefold()
