"""The list of all runs: grouped into races, and searched."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import SETTINGS, RunConfig, setting_fields
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run

_ALWAYS_SHOWN = ("dataset", "activation", "network", "epochs", "seed")
"""The settings that the title or the description of an entry always has, in their own way."""


@dataclass(frozen=True)
class Listed:
    """A run with the result of its last finished epoch, or None."""

    run: Run
    result: EpochResult | None

    @property
    def outdated(self) -> bool:
        """True if an earlier version of the training code trained the run: the id of its config is another one now."""
        return self.run.run_id != self.run.config.run_id


@dataclass(frozen=True)
class Entry:
    """An entry of the list: the runs of one race, which differ only in their activation, or a single run.

    `key` identifies the entry in links: the race key of the runs, or the id of the run.
    """

    key: str
    listed: tuple[Listed, ...]

    @property
    def config(self) -> RunConfig:
        """The config of the first run."""
        return self.listed[0].run.config

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        return tuple(one.run.config for one in self.listed)

    @property
    def name(self) -> str:
        """The different names that the owners gave the runs, or an empty string."""
        return " / ".join(dict.fromkeys(one.run.name for one in self.listed if one.run.name))

    @property
    def title(self) -> str:
        """The labels of the runs, and the dataset: "ReLU, sigmoid on digits"."""
        return f"{', '.join(one.run.config.label for one in self.listed)} on {self.config.dataset}"

    @property
    def outdated(self) -> bool:
        return self.listed[0].outdated


def races(listed: Iterable[Listed]) -> list[Entry]:
    """Return an entry per race, its runs in the order of ACTIVATIONS. Outdated runs have entries of their own."""
    groups: dict[str, list[Listed]] = {}
    for one in listed:
        groups.setdefault(one.run.config.race_key + "-before" * one.outdated, []).append(one)
    order = list(ACTIVATIONS)
    return [
        Entry(key, tuple(sorted(group, key=lambda one: order.index(one.run.config.activation))))
        for key, group in groups.items()
    ]


def single_runs(listed: Iterable[Listed]) -> list[Entry]:
    """Return an entry per run."""
    return [Entry(one.run.run_id, (one,)) for one in listed]


def entries_by_key(listed: Sequence[Listed]) -> dict[str, Entry]:
    """Return an entry for each race and for each run, by its key."""
    return {entry.key: entry for entry in (*single_runs(listed), *races(listed))}


def matching(entries: Iterable[Entry], words: str) -> list[Entry]:
    """Return the entries that contain every word: in a name, the title, the settings, a status or an id."""
    searched = words.casefold().split()
    return [entry for entry in entries if all(word in _searchable_text(entry) for word in searched)]


def describe_settings(config: RunConfig) -> str:
    """Return epochs and seed, and every other setting that differs from the homework's."""
    others = [
        f"{SETTINGS[declared.name].label} {format_value(getattr(config, declared.name))}"
        for declared in setting_fields()
        if declared.name not in _ALWAYS_SHOWN and getattr(config, declared.name) != declared.default
    ]
    homework = RunConfig(activation=config.activation).network
    network = [] if config.network == homework else [f"network {config.network}"]
    return ", ".join([f"{config.epochs} epoch{'s' * (config.epochs != 1)}", f"seed {config.seed}", *others, *network])


def format_value(value: object) -> str:
    """Return the value of a setting as a text for people."""
    return f"{value:,g}" if isinstance(value, float) else str(value)


def _searchable_text(entry: Entry) -> str:
    statuses = Counter(str(one.run.status) for one in entry.listed)
    ids = [one.run.run_id for one in entry.listed]
    activations = [config.activation for config in entry.configs]
    texts = [
        entry.name,
        entry.title,
        "earlier version" * entry.outdated,
        DATASETS[entry.config.dataset].title,
        describe_settings(entry.config),
        entry.config.network,
        entry.key,
    ]
    return " ".join([*texts, *statuses, *ids, *activations]).casefold()
