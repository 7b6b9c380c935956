"""The settings of races and sweeps. The URL stores each of them, so a link opens the same view."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from hw5core.data.datasets import DATASETS, is_available, split_sizes
from hw5core.errors import ConfigError
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import OF_DATASET, SETTINGS, RunConfig, comma_advice, default_of, race
from hw5core.runs.forks import normalisation_of
from hw5core.runs.recorded import RACE
from pages.parts.shared.lecture import PARAMETER as LECTURE

_DATASET = "dataset"
"""The URL parameter with the dataset, and the key of its widget."""

ALSO = "fork-also"
"""The URL parameter of the fork page with the other forks that it shows."""

RACERS = ("relu", "sigmoid")
"""The two activations of the homework."""

ADVANCED = ("batch_size", "learning_rate", "momentum", "training_images", "split_seed", "relu_layer")
"""The numbers that the homework does not change."""


def url_name(setting: str, dataset: str = "") -> str:
    """Return the URL parameter of a setting, which is also the key of its widget: "batch-size" for "batch_size".

    If the default depends on the dataset, each dataset has its own parameter, such as "epochs-digits".
    """
    of_dataset = f"-{dataset}" if dataset and setting in OF_DATASET else ""
    return setting.replace("_", "-") + of_dataset


def fork_url_name(setting: str) -> str:
    """Return the URL parameter of a fork's setting: "fork-learning-rate" for "learning_rate"."""
    return f"fork-{url_name(setting)}"


def chosen_race() -> tuple[RunConfig, ...]:
    """Draw the settings, the advanced ones in a closed expander. Return one config per network of the race.

    Without a setting in the URL it is the homework's race. Raises ConfigError or ArchitectureError for settings that
    cannot be trained.
    """
    dataset = dataset_setting(RACE[0].dataset)
    epochs, seed = st.columns(2)
    with epochs:
        chosen: dict[str, Any] = {"epochs": race_number("epochs", dataset)}
    with seed:
        chosen["seed"] = number_setting("seed")
    with st.expander("More settings (on MNIST, the defaults are the homework's)"):
        activations = activations_setting("activations in the race") or ["relu"]
        advanced = advanced_settings(dataset, ADVANCED, in_a_row=2)
    return race(RunConfig(dataset=dataset, activation=activations[0], **chosen, **advanced), activations)


def choose_dataset(name: str) -> None:
    """Set the dataset."""
    st.query_params[_DATASET] = name


def next_seed() -> None:
    """Add 1 to the seed: another split of the images, other initial weights, another order of the batches.

    After the highest seed comes 0.
    """
    seed = st.session_state["seed"]
    st.session_state["seed"] = seed + 1 if seed < SETTINGS["seed"].highest else 0


def race_query(configs: Sequence[RunConfig]) -> list[tuple[str, str]]:
    """Return the URL query of the Train page for the race of these configs, which differ only in their activation."""
    config, dataset = configs[0], configs[0].dataset
    query: list[tuple[str, Any]] = [("dataset", dataset), (url_name("epochs", dataset), config.epochs)]
    query += [
        (url_name(name, dataset), value)
        for name in (*ADVANCED, "initialisation", "seed")
        if (value := getattr(config, name)) != default_of(name, dataset)
    ]
    plain = config.architecture.with_activation("relu")
    if str(plain) != RunConfig.network:
        query.append(("network", plain))
    activations = [one.activation for one in configs]
    if activations != list(RACERS):
        query += [("activations", name) for name in activations]
    return [(name, str(value)) for name, value in query]


def fork_query(config: RunConfig, *others: RunConfig) -> list[tuple[str, str]]:
    """Return the URL query of the Fork page for this fork, together with other forks of the same parent."""
    assert config.fork is not None
    chosen = {
        "epoch": config.fork.epoch,
        "activation": config.activation,
        "learning_rate": config.learning_rate,
        "normalisation": normalisation_of(config),
        "epochs": config.epochs,
    }
    return [
        ("run", config.fork.parent.run_id),
        *((fork_url_name(name), str(value)) for name, value in chosen.items()),
        *((ALSO, other.run_id) for other in others),
    ]


def dataset_setting(first: str) -> str:
    """Draw the choice of the dataset, with its number of images. Return its name.

    `first` is the dataset of a visit without a link. The URL always names the dataset, because pages have different
    first ones. Links from before it did so have other parameters, and the default dataset.
    """
    setting = SETTINGS["dataset"]
    dataset = st.query_params.get(_DATASET, "")
    if dataset not in setting.choices:
        dataset = RunConfig.dataset if set(st.query_params) - {LECTURE} else first
    if st.query_params.get_all(_DATASET) != [dataset]:
        st.query_params[_DATASET] = dataset
    st.session_state[_DATASET] = dataset
    st.segmented_control(
        setting.label, list(setting.choices), required=True, key=_DATASET, on_change=_store_dataset_in_url
    )
    training, validation, test = split_sizes(dataset)
    words = (
        f"{DATASETS[dataset].title}: {training:,} training images, {validation:,} for validation, {test:,} for test."
    )
    st.caption(words if is_available(dataset) else f"{words} They are downloaded once. The digits need no download.")
    return dataset


def _store_dataset_in_url() -> None:
    if chosen := st.session_state[_DATASET]:
        st.query_params[_DATASET] = chosen


def activations_setting(label: str) -> list[str]:
    """Draw the choice of activations and return them."""
    return st.multiselect(label, list(ACTIVATIONS), default=list(RACERS), key="activations", bind="query-params")


def advanced_settings(dataset: str, numbers: Sequence[str], in_a_row: int) -> dict[str, Any]:
    """Draw these numbers, `in_a_row` of them side by side, the initialisation and the network. Return them by name."""
    advanced: dict[str, Any] = {}
    for start in range(0, len(numbers), in_a_row):
        for column, name in zip(st.columns(in_a_row), numbers[start : start + in_a_row], strict=False):
            with column:
                advanced[name] = race_number(name, dataset)
    setting = SETTINGS["initialisation"]
    advanced["initialisation"] = st.selectbox(
        setting.label, list(setting.choices), help=setting.help, key="initialisation", bind="query-params"
    )
    setting = SETTINGS["network"]
    advanced["network"] = st.text_input(
        setting.label, RunConfig.network, help=setting.help, key="network", bind="query-params"
    )
    return advanced


def race_number(name: str, dataset: str) -> float:
    """Draw a number input for a setting of a race on this dataset and return its value."""
    return number_setting(name, default_of(name, dataset), url_name(name, dataset))


def number_setting(name: str, default: float | None = None, key: str | None = None, label: str | None = None) -> float:
    """Draw a number input for the setting and return its value. Its type is the type of the default."""
    default = getattr(RunConfig, name) if default is None else default
    setting, kind = SETTINGS[name], type(default)
    key = key or url_name(name)
    lowest, highest = kind(setting.lowest), kind(setting.highest)
    check_number_in_url(label or setting.label, key, lowest, highest)
    return st.number_input(
        label or setting.label,
        lowest,
        highest,
        default,
        step=1 if kind is int else 0.001,
        format="%d" if kind is int else "%.4g",
        help=setting.help,
        key=key,
        bind="query-params",
    )


def check_number_in_url(label: str, parameter: str, lowest: float, highest: float) -> None:
    """Raise ConfigError if this parameter of the URL is no number from `lowest` to `highest`. It can be empty.

    Streamlit ignores such a text, so the page would show other settings than the link names.
    """
    text = st.query_params.get(parameter, "").strip()
    if advice := comma_advice(text):
        raise ConfigError(f"{label} in the URL: {advice}")
    try:
        allowed = not text or lowest <= float(text) <= highest
    except ValueError:
        allowed = False
    if not allowed:
        raise ConfigError(f"{label} in the URL must be a number from {lowest:,} to {highest:,}, not {text[:40]!r}")
