"""The options of the commands that take the settings of a race: one option per setting, and the activations."""

import argparse
from collections.abc import Callable, Collection, Iterable
from typing import Any

from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import OF_DATASET, SETTINGS, RunConfig, comma_advice, default_of, race, setting_fields


def add(command: argparse.ArgumentParser, without: Collection[str]) -> None:
    """Add the options of a race to a command: its activations, and each setting of a run except those in `without`."""
    command.add_argument(
        "--activations",
        default="relu,sigmoid",
        help=f"train one network for each of these (default: relu,sigmoid); all: {', '.join(ACTIVATIONS)}",
    )
    for declared in setting_fields():
        if declared.name in without:
            continue
        command.add_argument(
            f"--{declared.name.replace('_', '-')}",
            type=_READERS[type(declared.default)],
            default=None if declared.name in OF_DATASET else declared.default,
            # argparse writes the default, because a command may have its own.
            help=f"{SETTINGS[declared.name].help}{_choices(declared.name)} (default: {_default(declared.name)})",
        )


def _default(setting: str) -> str:
    """Return the default of a setting for a help text, as argparse expects it."""
    if setting not in OF_DATASET:
        return "%(default)s"
    return ", ".join(f"{default_of(setting, dataset):g} for {dataset}" for dataset in DATASETS)


def _choices(setting: str) -> str:
    """Return the values that a setting can have, or an empty string if it is no choice."""
    choices = SETTINGS[setting].choices
    return f"; one of {', '.join(choices)}" if choices else ""


def _decimal(text: str) -> float:
    """Return the number in a text. Raise ArgumentTypeError for other texts."""
    if advice := comma_advice(text):
        raise argparse.ArgumentTypeError(advice)
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def whole(text: str) -> int:
    """Return the whole number in a text. Raise ArgumentTypeError for other texts."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number such as 5") from None


_READERS: dict[type, Callable[[str], Any]] = {str: str, int: whole, float: _decimal}
"""The function that reads a setting from the command line, by the type of its default."""


def races(options: argparse.Namespace, seeds: Iterable[int]) -> tuple[RunConfig, ...]:
    """Return the runs of one race per seed."""
    names = [name.strip() for name in options.activations.split(",")]
    chosen = {name: getattr(options, name) for name in SETTINGS if name not in ("activation", "seed")}
    dataset = options.dataset if options.dataset in DATASETS else RunConfig.dataset  # RunConfig refuses an unknown name
    chosen |= {name: default_of(name, dataset) for name in OF_DATASET if chosen[name] is None}
    configs = (RunConfig(activation=names[0], seed=seed, **chosen) for seed in seeds)
    return tuple(run for config in configs for run in race(config, names))
