"""The config of a run: every setting of a training, declared once with its default, its limits and its texts.

The pages make their controls from this declaration, and the terminal its options. The id of a run is the hash of its
config.
"""

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import Field, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from hw5core.data import datasets
from hw5core.errors import ConfigError
from hw5core.network.activations import ACTIVATIONS, Activation
from hw5core.network.architecture import MAX_LAYERS, Architecture
from hw5core.network.counting import count, count_fitting
from hw5core.network.layers import Activate, BatchNorm
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

TRAINING_VERSION = 4
"""Part of every run's id. Raise it when the code in training/ computes other numbers from the same config."""

MAX_PARAMETERS = 20_000_000
"""The largest number of parameters that is trained: a worker has no memory for more."""

MAX_MACS = 200_000_000
"""The largest number of MACs per image that is trained: with more, a step on a CPU takes over a second."""

INITIALISATIONS = {
    "pytorch": "PyTorch's default",
    "xavier": "Xavier (Glorot)",
    "he": "He (Kaiming)",
    "normal": "normal, 0.01 (1990s, as in the homework)",
}
"""The ways to draw the initial weights, with their labels. `training/modules.py` and `explain/depth.py` draw them."""

ADDED_LATER = ("relu_layer",)
"""Settings that are part of a run's id only if they are not the default, so that runs from before keep their ids."""

MAX_TRAINING_IMAGES = max(datasets.split_sizes(name)[0] for name in datasets.DATASETS)

FORKABLE_SETTINGS = ("activation", "learning_rate", "epochs")
"""The settings that a fork may change. It may also insert or remove batch normalisation."""

MAX_FORK_DEPTH = 3
"""How many forks may follow one another: a fork of a fork of a fork."""


@dataclass(frozen=True)
class Setting:
    """A value that a user can set for a run: its texts, and its limits (both inclusive) or its choices."""

    label: str
    help: str
    lowest: float = -math.inf
    highest: float = math.inf
    choices: Collection[str] = ()

    def check(self, value: object) -> None:
        """Raise ConfigError if the setting does not allow the value."""
        if self.choices and value not in tuple(self.choices):
            raise ConfigError(f"{self.label} must be one of {', '.join(self.choices)}, not {str(value)[:40]!r}")
        if math.isinf(self.highest):
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.lowest <= value <= self.highest:
            raise ConfigError(f"{self.label} must be from {self.lowest:,g} to {self.highest:,g}, not {str(value)[:40]}")


def _setting(default: Any, label: str, help: str, **limits: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(label, help, **limits)})


@dataclass(frozen=True)
class Fork:
    """The checkpoint that a fork starts from: that of another run, its parent, after `step` batches."""

    parent: "RunConfig"
    step: int

    @property
    def epoch(self) -> int:
        """The epoch, counted from 0, that ends at this checkpoint."""
        return self.step // self.parent.steps_per_epoch - 1


@dataclass(frozen=True)
class RunConfig:
    """The settings of one run, that is, of one network trained once. Runs with equal configs are the same run.

    A run with a `fork` starts from another run's checkpoint. It keeps that run's data, batches and layers. It may
    change the FORKABLE_SETTINGS, and insert or remove batch normalisation.

    Raise ConfigError for settings that cannot be trained, and ArchitectureError for a network that cannot be read.
    """

    dataset: str = _setting("digits", "data", "the images to learn", choices=datasets.DATASETS)
    network: str = _setting(
        PRESETS["digit-cnn"].text, "network", "in the one-line form; the run's activation replaces those in it"
    )
    activation: str = _setting("relu", "activation", "after every convolution and linear layer", choices=ACTIVATIONS)
    epochs: int = _setting(5, "epochs", "how often the network sees each training image", lowest=1, highest=200)
    batch_size: int = _setting(5, "batch size", "images per step; the homework uses five", lowest=1, highest=1_000)
    learning_rate: float = _setting(
        0.005, "learning rate", "the size of each step along the negative gradient", lowest=1e-6, highest=10
    )
    initialisation: str = _setting(
        "pytorch", "initialisation", "how the initial weights are drawn", choices=INITIALISATIONS
    )
    training_images: int = _setting(
        0, "training images", "how many images to train with; 0 for all", lowest=0, highest=MAX_TRAINING_IMAGES
    )
    momentum: float = _setting(
        0.0, "momentum", "the share of the last step that is added to this one", lowest=0, highest=0.999
    )
    seed: int = _setting(
        0,
        "seed",
        "sets everything random: the split into training, validation and test images, the initial weights, and the "
        "order of the batches",
        lowest=0,
        highest=2**31 - 1,
    )
    split_seed: int = _setting(
        0,
        "split seed",
        "another split of the images; the initial weights and the order of the batches stay the same",
        lowest=0,
        highest=2**31 - 1,
    )

    relu_layer: int = _setting(
        0,
        "ReLU in one layer",
        "the number of the activation, counted from the input, that is a ReLU in every network of the race; 0 for none",
        lowest=0,
        highest=MAX_LAYERS,
    )

    fork: Fork | None = None

    def __post_init__(self) -> None:
        for declared in setting_fields():
            object.__setattr__(self, declared.name, _checked(declared, getattr(self, declared.name)))
        _check_trainable(parse(self.network), datasets.DATASETS[self.dataset])
        if self.training_images >= datasets.split_sizes(self.dataset)[0]:
            object.__setattr__(self, "training_images", 0)
        # Equal runs need equal texts: the network is written in its canonical form, with the run's own activation.
        object.__setattr__(self, "network", str(parse(self.network).with_activation(self.activation)))
        _check_relu_layer(self)
        _check_batches(self)
        object.__setattr__(self, "fork", _as_fork(self.fork))
        if self.fork:
            _check_fork(self, self.fork)

    @cached_property
    def architecture(self) -> Architecture:
        """The network with the run's activation, and with a ReLU in the `relu_layer` if there is one."""
        network = parse(self.network).with_activation(self.activation)
        return _with_relu_in(network, self.relu_layer) if self.relu_layer else network

    @cached_property
    def label(self) -> str:
        """The run's label in charts and tables: "ReLU", or of a fork "fork, ReLU, after epoch 2, rate 0.02".

        A fork's label names what it changes, so that no two forks of a run have the same label. "After epoch" is left
        out for the first epoch.
        """
        return ", ".join([self.short_label, *_fork_details(self, self.fork)]) if self.fork else self.short_label

    @property
    def short_label(self) -> str:
        """The label without the details of a fork: "ReLU", "fork, ReLU", or "fork 2, ReLU" for a fork of a fork."""
        depth = self.fork_depth
        return (f"fork{f' {depth}' * (depth > 1)}, " if depth else "") + self.spec.label

    @property
    def fork_depth(self) -> int:
        """The number of forks between this run and one that started from initial weights."""
        return 1 + self.fork.parent.fork_depth if self.fork else 0

    @property
    def first_step(self) -> int:
        """The number of the run's first batch: 0, or the number of batches before its fork."""
        return self.fork.step if self.fork else 0

    @property
    def spec(self) -> Activation:
        """The entry of the run's activation in ACTIVATIONS."""
        return ACTIVATIONS[self.activation]

    @property
    def images_per_epoch(self) -> int:
        """The number of training images."""
        return self.training_images or datasets.split_sizes(self.dataset)[0]

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in an epoch. The last batch may be smaller."""
        return -(-self.images_per_epoch // self.batch_size)

    @property
    def total_steps(self) -> int:
        """The number of batches of the whole run. For a fork, its parent's batches before the fork count too."""
        return self.epochs * self.steps_per_epoch

    @cached_property
    def run_id(self) -> str:
        """The run's id: 16 hexadecimal digits, a hash of the config and of TRAINING_VERSION."""
        plain: dict[str, Any] = {
            declared.name: value
            for declared in setting_fields()
            if (value := getattr(self, declared.name)) != declared.default or declared.name not in ADDED_LATER
        }
        if self.fork:
            plain["fork"] = {"parent": self.fork.parent.run_id, "step": self.fork.step}
        text = json.dumps({"version": TRAINING_VERSION, **plain}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def with_later_seed(self, more: int) -> "RunConfig":
        """Return the run with a seed that is larger by `more`. After the highest seed comes 0."""
        return replace(self, seed=(self.seed + more) % (int(SETTINGS["seed"].highest) + 1))

    @property
    def race_key(self) -> str:
        """A hash, 16 hexadecimal digits, that is the same for all runs which differ only in their activation."""
        return hashlib.sha256(f"race of {replace(self, activation='relu').run_id}".encode()).hexdigest()[:16]


def race_id(configs: Iterable[RunConfig]) -> str:
    """Return the id of the race of these runs: 16 hexadecimal digits, the same in every order of the runs."""
    ids = ",".join(sorted(config.run_id for config in configs))
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def race(config: RunConfig, activations: Iterable[str] = ("relu", "sigmoid")) -> tuple[RunConfig, ...]:
    """Return the same run once per activation. Nothing else differs, so only the activation explains a difference."""
    return tuple(replace(config, activation=name) for name in dict.fromkeys(activations))


def comma_advice(text: str) -> str:
    """Return how to write the number in a text if it has a decimal comma, otherwise ""."""
    number = text.strip()
    if not re.fullmatch(r"-?[0-9]*,[0-9]+", number):
        return ""
    return f"write decimals with a point, {number.replace(',', '.')} instead of {number}"


def setting_fields() -> "tuple[Field[Any], ...]":
    """Return the fields of RunConfig that are settings, in the order of their declaration."""
    return tuple(declared for declared in fields(RunConfig) if "setting" in declared.metadata)


def _declared_setting(declared: "Field[Any]") -> Setting:
    setting = declared.metadata["setting"]
    assert isinstance(setting, Setting)
    return setting


SETTINGS: dict[str, Setting] = {declared.name: _declared_setting(declared) for declared in setting_fields()}
"""The settings of RunConfig by field name."""

OF_DATASET = ("epochs", "learning_rate")
"""The settings whose default depends on the dataset: those with which both networks of the homework learn."""


def default_of(setting: str, dataset: str) -> Any:
    """Return the default of a setting for this dataset, one of DATASETS."""
    return getattr(datasets.DATASETS[dataset] if setting in OF_DATASET else RunConfig, setting)


def _checked(declared: "Field[Any]", value: Any) -> Any:
    """Return the value, as a float if the field is one: configs with 1 and 1.0 are equal. Raise ConfigError."""
    SETTINGS[declared.name].check(value)
    if declared.type is int and not isinstance(value, int):
        raise ConfigError(f"{SETTINGS[declared.name].label} must be a whole number, not {value}")
    return float(value) if declared.type is float else value


def _check_trainable(architecture: Architecture, dataset: datasets.Dataset) -> None:
    if architecture.input_shape != dataset.shape:
        expected, given = ("x".join(map(str, shape)) for shape in (dataset.shape, architecture.input_shape))
        raise ConfigError(f"the images are {expected}, so the network must start with {expected}, not {given}")
    counted = count_fitting(architecture)
    for number, layer in enumerate(architecture.layers, start=1):
        if layer.race_problem:
            raise ConfigError(f"layer {number}, {layer.title}: {layer.race_problem}")
    if counted.output_shape != (dataset.classes,):
        raise ConfigError(
            f"the network must end in one logit per class: make flatten and linear{dataset.classes} its last layers"
        )
    if not _activation_places(architecture):
        raise ConfigError("the network has no activation to compare: add relu after a convolution or linear layer")
    if counted.parameters > MAX_PARAMETERS or counted.macs > MAX_MACS:
        raise ConfigError(
            f"this network has {counted.parameters:,} parameters and {counted.macs:,} MACs per image; the limits for "
            f"training are {MAX_PARAMETERS:,} and {MAX_MACS:,}"
        )


def _with_relu_in(architecture: Architecture, number: int) -> Architecture:
    """Return the network with a ReLU as the activation of this number, counted from 1."""
    place = _activation_places(architecture)[number - 1]
    layers = (*architecture.layers[:place], Activate("relu"), *architecture.layers[place + 1 :])
    return replace(architecture, layers=layers)


def _activation_places(architecture: Architecture) -> list[int]:
    """Return the places of the activations among the layers."""
    return [place for place, layer in enumerate(architecture.layers) if isinstance(layer, Activate)]


def _check_relu_layer(config: RunConfig) -> None:
    """Raise ConfigError if the network has fewer activations than the number of the one that is a ReLU."""
    found = len(_activation_places(parse(config.network)))
    if config.relu_layer > found:
        raise ConfigError(
            f"the network has {found} activation{'s' * (found != 1)}, so number {config.relu_layer} cannot be a ReLU: "
            "choose a smaller number"
        )


def _check_batches(config: RunConfig) -> None:
    """Raise ConfigError if a layer needs two images in every batch, and the last batch has only one."""
    last_batch = config.images_per_epoch % config.batch_size or config.batch_size
    if last_batch > 1:
        return
    for row in count(config.architecture).rows:
        if row.layer.needs_two_images(row.input_shape):
            raise ConfigError(
                f"layer {row.number}, {row.layer.title}, needs two images in every batch, and the last batch has "
                "only one: choose another batch size or another number of training images"
            )


def _as_fork(value: Any) -> Fork | None:
    """Return a fork from the plain values of a stored config. Raise KeyError or TypeError for other values."""
    if value is None or isinstance(value, Fork):
        return value
    return Fork(RunConfig(**value["parent"]), value["step"])


def _check_fork(config: RunConfig, fork: Fork) -> None:
    parent = fork.parent
    if config.fork_depth > MAX_FORK_DEPTH:
        raise ConfigError(f"at most {MAX_FORK_DEPTH} forks may follow one another")
    fixed = [name for name in SETTINGS if name not in (*FORKABLE_SETTINGS, "network")]
    changed = next((name for name in fixed if getattr(config, name) != getattr(parent, name)), None)
    if changed:
        raise ConfigError(f"a fork must keep the {SETTINGS[changed].label} of its parent run")
    if _without_normalisation(config) != _without_normalisation(parent):
        raise ConfigError("a fork must keep the layers of its parent run, except batch normalisation")
    if not isinstance(fork.step, int) or fork.step % config.steps_per_epoch:
        raise ConfigError(
            f"a fork must start at the end of an epoch: after a multiple of {config.steps_per_epoch:,} batches"
        )
    if not parent.first_step < fork.step <= parent.total_steps:
        raise ConfigError("a fork must start after an epoch that its parent run has trained")
    if fork.step >= config.total_steps:
        raise ConfigError("no epoch is left to train after that one: give the fork more epochs")


def _fork_details(config: RunConfig, fork: Fork) -> list[str]:
    """Return what distinguishes a fork from the other forks of its parent, apart from the activation."""
    parent = fork.parent
    has_normalisation = any(isinstance(layer, BatchNorm) for layer in config.architecture.layers)
    details = {
        f"after epoch {fork.epoch}": fork.step != parent.first_step + parent.steps_per_epoch,
        # With all digits: two rates that are almost equal are two forks.
        f"rate {config.learning_rate}": config.learning_rate != parent.learning_rate,
        "batch norm" if has_normalisation else "no batch norm": (
            config.architecture.with_activation("identity") != parent.architecture.with_activation("identity")
        ),
        f"{config.epochs} epochs": config.epochs != parent.epochs,
    }
    return [detail for detail, applies in details.items() if applies]


def _without_normalisation(config: RunConfig) -> Architecture:
    plain = config.architecture.with_activation("identity")
    return replace(plain, layers=tuple(layer for layer in plain.layers if not isinstance(layer, BatchNorm)))
