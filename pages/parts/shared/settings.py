"""The settings of races and sweeps. Each is kept in the address under its own name, so that a link shows the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from hw5core.data.datasets import DATASETS, at_hand, split_sizes
from hw5core.errors import ConfigError
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import SETTINGS, RunConfig, race, setting_fields
from hw5core.runs.forks import choice

_DEFAULTS: dict[str, Any] = {declared.name: declared.default for declared in setting_fields()}
ALSO = "branch-also"
"""The parameter of the fork page's address that names the branches shown besides the one at hand."""

RACERS = ("relu", "sigmoid")
"""The homework's two."""

RARER = ("batch_size", "learning_rate", "momentum", "training_images", "split_seed")
"""The numbers that the homework leaves as they are."""


def chosen_race() -> tuple[RunConfig, ...]:
    """Draw the settings, the homework's in view and the rest one click away; one config per network of the race.

    Raises ConfigError or ArchitectureError for what cannot be trained.
    """
    data, epochs, seed = st.columns([3, 1, 1])
    with data:
        dataset = dataset_setting()
    with epochs:
        chosen: dict[str, Any] = {"epochs": epochs_setting(dataset)}
    with seed:
        chosen["seed"] = number_setting("seed")
    with st.expander("More settings: as they stand, they are the homework's"):
        activations = activations_setting("networks in the race, by activation") or ["relu"]
        rarer = rarer_settings(RARER)
    return race(RunConfig(dataset=dataset, activation=activations[0], **chosen, **rarer), activations)


def choose_dataset(name: str) -> None:
    """Turn the data to those of this name."""
    st.session_state["dataset"] = name


def next_seed() -> None:
    """Turn the seed on by one: another split of the images, other first weights, another order of the batches."""
    st.session_state["seed"] += 1


def race_query(configs: Sequence[RunConfig]) -> list[tuple[str, str]]:
    """The query of the training page's address that shows the race of these runs: they differ in their activation."""
    config = configs[0]
    changed = {name: getattr(config, name) for name in (*RARER, "initialisation", "seed")}
    query: list[tuple[str, Any]] = [(name, value) for name, value in changed.items() if value != _DEFAULTS[name]]
    query += [("dataset", config.dataset), (f"epochs-{config.dataset}", config.epochs)]
    plain = config.architecture.with_activation("relu")
    if str(plain) != _DEFAULTS["network"]:
        query.append(("network-text", plain))
    activations = [one.activation for one in configs]
    if activations != list(RACERS):
        query += [("activations", name) for name in activations]
    return [(name, str(value)) for name, value in query]


def branch_query(config: RunConfig, *others: RunConfig) -> list[tuple[str, str]]:
    """The query of the fork page's address that shows this branch, and others of its run, beside the run."""
    assert config.fork is not None
    parent, normalisation = choice(config)
    return [
        ("run", parent),
        ("branch-epoch", str(config.fork.epoch)),
        ("branch-activation", config.activation),
        ("branch-rate", str(config.learning_rate)),
        ("branch-normalisation", str(normalisation)),
        ("branch-epochs", str(config.epochs)),
        *((ALSO, other.run_id) for other in others),
    ]


def dataset_setting() -> str:
    """Which data, and how many images they are."""
    dataset: str = st.segmented_control(
        SETTINGS["dataset"].label, list(DATASETS), default="digits", required=True, key="dataset", bind="query-params"
    )
    dataset = dataset or "digits"  # an address may have it empty
    training, validation, test = split_sizes(dataset)
    words = f"{DATASETS[dataset].title}: {training:,} images to train on, {validation:,} to validate, {test:,} to test."
    st.caption(words if at_hand(dataset) else f"{words} They will be downloaded once; the digits need no network.")
    return dataset


def epochs_setting(dataset: str) -> float:
    """How many epochs. The key holds the dataset's name, because each dataset proposes its own number."""
    return number_setting("epochs", DATASETS[dataset].epochs, f"epochs-{dataset}")


def activations_setting(label: str) -> list[str]:
    """Which networks, by their activations."""
    return st.multiselect(label, list(ACTIVATIONS), default=list(RACERS), key="activations", bind="query-params")


def rarer_settings(numbers: Sequence[str]) -> dict[str, Any]:
    """These numbers, how the first weights are drawn, and the network: by the names of their fields."""
    rarer: dict[str, Any] = {}
    for column, name in zip(st.columns(len(numbers)), numbers, strict=True):
        with column:
            rarer[name] = number_setting(name)
    drawn, network = st.columns([1, 4])
    with drawn:
        setting = SETTINGS["initialisation"]
        rarer["initialisation"] = st.selectbox(
            setting.label, setting.choices, help=setting.help, key="initialisation", bind="query-params"
        )
    with network:
        rarer["network"] = st.text_input(
            SETTINGS["network"].label,
            _DEFAULTS["network"],
            help=SETTINGS["network"].help,
            key="network-text",
            bind="query-params",
        )
    return rarer


def number_setting(name: str, proposed: float | None = None, key: str | None = None, label: str | None = None) -> float:
    """A number input with the setting's own limits, whole or not as its default is; the rest is the setting's own."""
    default = _DEFAULTS[name] if proposed is None else proposed
    setting, kind = SETTINGS[name], type(default)
    with readable(label or setting.label):
        return st.number_input(
            label or setting.label,
            kind(setting.lowest),
            kind(setting.highest),
            default,
            step=1 if kind is int else 0.001,
            format="%d" if kind is int else "%.4g",
            help=setting.help,
            key=key or name,
            bind="query-params",
        )


@contextmanager
def readable(label: str) -> Iterator[None]:
    """Around a whole number's input: Streamlit stops at an infinite one in the address, which here is a ConfigError."""
    try:
        yield
    except OverflowError:
        raise ConfigError(f"{label} in this page's address is not a number that can be used: take it out") from None
