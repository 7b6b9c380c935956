"""Every setting of a training run, declared once: its default, its limits and its words. Plain Python, no torch.

The pages draw their controls from this declaration, the terminal its options, and a run's id is its hash.
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterable
from dataclasses import Field, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from hw5core.data import datasets
from hw5core.errors import ArchitectureError, ConfigError
from hw5core.network.activations import ACTIVATIONS, Activation
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Shape
from hw5core.network.counting import count
from hw5core.network.layers import Activate, BatchNorm
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

TRAINING_VERSION = 4
"""Part of every run's id: raise it whenever training.py computes different numbers from the same config."""

CLASSES = datasets.DATASETS["mnist"].classes
"""The homework's classes: the ten digits."""

MAX_PARAMETERS = 20_000_000
"""The largest network that is trained: beyond it a worker's weights, gradients and checkpoints no longer fit."""

MAX_MACS = 200_000_000
"""The most multiply-accumulates for one example that are trained: beyond it a step on a CPU takes over a second."""


INITIALISATIONS = {
    "pytorch": "PyTorch's default",
    "xavier": "Xavier (Glorot)",
    "he": "He (Kaiming)",
    "normal": "the homework's 1990s: normal, 0.01",
}
"""How first weights may be drawn, each with its words; `networks` draws them."""

MAX_TRAINING_IMAGES = max(datasets.split_sizes(name)[0] for name in datasets.DATASETS)


MAY_BRANCH = ("activation", "learning_rate", "epochs")
"""What a branch may change of the run it comes from, besides inserting or removing batch normalisation."""

MAX_BRANCHINGS = 3
"""How often a branch of a branch of … may be taken."""


@dataclass(frozen=True)
class Setting:
    """What a person may turn: its words, and its limits (both ends included) or its choices."""

    label: str
    help: str
    lowest: float = -math.inf
    highest: float = math.inf
    choices: Collection[str] = ()

    def check(self, value: object) -> None:
        """Raises ConfigError if the value is outside."""
        if self.choices and value not in tuple(self.choices):
            raise ConfigError(f"{self.label}: {str(value)[:40]!r} is none of {', '.join(self.choices)}")
        if math.isinf(self.highest):
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.lowest <= value <= self.highest:
            raise ConfigError(f"{self.label} lies from {self.lowest:,g} to {self.highest:,g}, not at {str(value)[:40]}")


def _setting(default: Any, label: str, help: str, **limits: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(label, help, **limits)})


@dataclass(frozen=True)
class Fork:
    """Where a branch goes on from: another run's checkpoint after `step` batches, at the end of an epoch."""

    parent: "RunConfig"
    step: int

    @property
    def epoch(self) -> int:
        """The epoch that ended there, counted from 0."""
        return self.step // self.parent.steps_per_epoch - 1


@dataclass(frozen=True)
class RunConfig:
    """One network trained once. Equal configs are one run: the id is the hash of all of this and TRAINING_VERSION.

    A run that begins at another one's checkpoint, a branch, says so in `fork`. It keeps that run's data, batches and
    layers, and may differ in MAY_BRANCH, and in its network by batch normalisation alone.

    Raises ConfigError (or ArchitectureError for an unreadable network) for what cannot be trained.
    """

    dataset: str = _setting("digits", "data", "the handwritten digits to learn", choices=datasets.DATASETS)
    network: str = _setting(
        PRESETS["digit-cnn"].text, "network", "in the one-line form; its activations are replaced by the run's"
    )
    activation: str = _setting("relu", "activation", "after every convolution and linear layer", choices=ACTIVATIONS)
    epochs: int = _setting(5, "epochs", "times that every training image is seen", lowest=1, highest=200)
    batch_size: int = _setting(5, "batch size", "images per step; the homework takes five", lowest=1, highest=1_000)
    learning_rate: float = _setting(
        0.008, "learning rate", "how far each step goes along the gradient", lowest=1e-6, highest=10
    )
    initialisation: str = _setting(
        "pytorch", "initialisation", "how the first weights are drawn", choices=INITIALISATIONS
    )
    training_images: int = _setting(
        0, "training images", "how many of them to use; 0 for all", lowest=0, highest=MAX_TRAINING_IMAGES
    )
    momentum: float = _setting(0.0, "momentum", "the share of the last step kept in this one", lowest=0, highest=0.999)
    seed: int = _setting(
        0,
        "seed",
        "decides all that is random: which images are for training, validation and test, the first weights, the order "
        "of the batches",
        lowest=0,
        highest=2**31 - 1,
    )
    split_seed: int = _setting(
        0,
        "split seed",
        "another split of the images with the same seed, all else as it is",
        lowest=0,
        highest=2**31 - 1,
    )

    fork: Fork | None = None

    def __post_init__(self) -> None:
        for declared in setting_fields():
            object.__setattr__(self, declared.name, _checked(declared, getattr(self, declared.name)))
        _check_trainable(parse(self.network), datasets.DATASETS[self.dataset])
        if self.training_images >= datasets.split_sizes(self.dataset)[0]:
            object.__setattr__(self, "training_images", 0)
        _check_batches(self)
        # Equal runs need equal texts, so the network is kept in its canonical form with the run's own activation.
        object.__setattr__(self, "network", str(self.architecture))
        object.__setattr__(self, "fork", _as_fork(self.fork))
        if self.fork:
            _check_fork(self, self.fork)

    @property
    def architecture(self) -> Architecture:
        return parse(self.network).with_activation(self.activation)

    @cached_property
    def label(self) -> str:
        """The activation as people write it: "ReLU"; of a branch also where it leaves its run, if not after its first
        epoch, and what else it changes: "branch, ReLU, after epoch 2, rate 0.02". No two branches of a run share one.
        """
        name = branch_label(self.spec.label, self.branchings)
        return ", ".join([name, *_told_apart(self, self.fork)]) if self.fork else name

    @property
    def branchings(self) -> int:
        """How many forks lie between this run and one that began at first weights."""
        return 1 + self.fork.parent.branchings if self.fork else 0

    @property
    def first_step(self) -> int:
        """The number of the first batch that the run trains: 0, or where a branch begins."""
        return self.fork.step if self.fork else 0

    @property
    def spec(self) -> Activation:
        return ACTIVATIONS[self.activation]

    @property
    def images_per_epoch(self) -> int:
        """Training images that an epoch sees, each once."""
        return self.training_images or datasets.split_sizes(self.dataset)[0]

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; the last one holds what is left."""
        return -(-self.images_per_epoch // self.batch_size)

    @property
    def total_steps(self) -> int:
        """All batches of the run."""
        return self.epochs * self.steps_per_epoch

    @cached_property
    def run_id(self) -> str:
        """16 hexadecimal digits that name this run everywhere."""
        plain: dict[str, Any] = {declared.name: getattr(self, declared.name) for declared in setting_fields()}
        if self.fork:
            plain["fork"] = {"parent": self.fork.parent.run_id, "step": self.fork.step}
        text = json.dumps({"version": TRAINING_VERSION, **plain}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def race_key(self) -> str:
        """16 hexadecimal digits shared by all runs that differ in their activation alone."""
        return hashlib.sha256(f"race of {replace(self, activation='relu').run_id}".encode()).hexdigest()[:16]


def race_id(configs: Iterable[RunConfig]) -> str:
    """16 hexadecimal digits that name the race of these runs, in whatever order."""
    ids = ",".join(sorted(config.run_id for config in configs))
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def branch_label(label: str, branchings: int) -> str:
    """A run's label after so many forks: "ReLU", "branch, ReLU", "branch 2, ReLU"."""
    return (f"branch{f' {branchings}' * (branchings > 1)}, " if branchings else "") + label


def setting_fields() -> "tuple[Field[Any], ...]":
    """The fields of RunConfig that a person may turn, in the order of their declaration."""
    return tuple(declared for declared in fields(RunConfig) if "setting" in declared.metadata)


def _declared_setting(declared: "Field[Any]") -> Setting:
    setting = declared.metadata["setting"]
    assert isinstance(setting, Setting)
    return setting


SETTINGS: dict[str, Setting] = {declared.name: _declared_setting(declared) for declared in setting_fields()}
"""Each setting of RunConfig by its field's name."""


def _checked(declared: "Field[Any]", value: Any) -> Any:
    """The value if its setting allows it, whole numbers as floats where the field is one: 1 and 1.0 are one config."""
    SETTINGS[declared.name].check(value)
    if declared.type is int and not isinstance(value, int):
        raise ConfigError(f"{SETTINGS[declared.name].label} is a whole number, not {value}")
    return float(value) if declared.type is float else value


def race(config: RunConfig, activations: Iterable[str] = ("relu", "sigmoid")) -> tuple[RunConfig, ...]:
    """The same run once per activation: everything else is shared, so the activation alone explains the difference."""
    return tuple(replace(config, activation=name) for name in dict.fromkeys(activations))


def _as_fork(value: Any) -> Fork | None:
    """A fork, also out of the plain values that a stored config has. Raises KeyError or TypeError for others."""
    if value is None or isinstance(value, Fork):
        return value
    return Fork(RunConfig(**value["parent"]), value["step"])


def _check_fork(config: RunConfig, fork: Fork) -> None:
    parent = fork.parent
    if config.branchings > MAX_BRANCHINGS:
        raise ConfigError(f"a branch of a branch is taken {MAX_BRANCHINGS} times at most")
    kept = [name for name in SETTINGS if name not in (*MAY_BRANCH, "network")]
    changed = next((name for name in kept if getattr(config, name) != getattr(parent, name)), None)
    if changed:
        raise ConfigError(f"a branch keeps the {SETTINGS[changed].label} of the run it comes from")
    if _without_normalisation(config) != _without_normalisation(parent):
        raise ConfigError("a branch keeps the layers of the run it comes from, but for batch normalisation")
    if not isinstance(fork.step, int) or fork.step % config.steps_per_epoch:
        raise ConfigError(
            f"a branch begins where an epoch ended: after a multiple of {config.steps_per_epoch:,} batches"
        )
    if not parent.first_step < fork.step <= parent.total_steps:
        raise ConfigError("a branch begins after an epoch that the run it comes from has trained")
    if fork.step >= config.total_steps:
        raise ConfigError("nothing is left to train after that epoch: give the branch more epochs")


def _told_apart(config: RunConfig, fork: Fork) -> list[str]:
    """What tells a branch from the other branches of its run, but for the activation."""
    parent = fork.parent
    normalised = any(isinstance(layer, BatchNorm) for layer in config.architecture.layers)
    said = {
        f"after epoch {fork.epoch}": fork.step != parent.first_step + parent.steps_per_epoch,
        # All its digits: two rates that nearly agree are two branches.
        f"rate {config.learning_rate}": config.learning_rate != parent.learning_rate,
        "batch norm" if normalised else "no batch norm": (
            config.architecture.with_activation("identity") != parent.architecture.with_activation("identity")
        ),
        f"{config.epochs} epochs": config.epochs != parent.epochs,
    }
    return [words for words, so in said.items() if so]


def _without_normalisation(config: RunConfig) -> Architecture:
    plain = config.architecture.with_activation("identity")
    return replace(plain, layers=tuple(layer for layer in plain.layers if not isinstance(layer, BatchNorm)))


def _check_trainable(architecture: Architecture, dataset: datasets.Dataset) -> None:
    if architecture.input_shape != dataset.shape:
        shape = _dims(dataset.shape)
        raise ConfigError(
            f"the images are {shape}, so the network has to start with {shape}, not {_dims(architecture.input_shape)}"
        )
    counted = count(architecture)
    if counted.misfit:
        raise ArchitectureError(f"layer {counted.misfit.number}: {counted.misfit.message}")
    if counted.output_shape != (dataset.classes,):
        raise ConfigError(
            f"the network has to end in one logit per class: let its last layers be flatten and linear{dataset.classes}"
        )
    if not any(isinstance(layer, Activate) for layer in architecture.layers):
        raise ConfigError("the network has no activation to compare: put relu after a convolution or linear layer")
    if counted.parameters > MAX_PARAMETERS or counted.macs > MAX_MACS:
        raise ConfigError(
            f"this network has {counted.parameters:,} parameters and {counted.macs:,} MACs an image; "
            f"at most {MAX_PARAMETERS:,} and {MAX_MACS:,} are trained here"
        )


def _check_batches(config: RunConfig) -> None:
    """Batch normalisation has nothing to average over where a batch holds one value per channel."""
    last_batch = config.images_per_epoch % config.batch_size or config.batch_size
    if last_batch > 1:
        return
    for row in count(config.architecture).rows:
        if row.layer.needs_two_images(row.input_shape):
            raise ConfigError(
                f"layer {row.number}, {row.layer.title}, needs two images in every batch, and the last batch holds "
                "one: choose another batch size or another number of training images"
            )


def _dims(shape: Shape) -> str:
    return "x".join(map(str, shape))
