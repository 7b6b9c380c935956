"""The program of the report: the race again, in plain PyTorch. Its functions are the source of this app's own ones.

It reads their source without importing torch.
"""

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.sources import Files
from hw5core.explain.exports import modules_code
from hw5core.homework.report.document import Block, Heading, Missing, Paragraph, Program
from hw5core.network.counting import count
from hw5core.pasted.syntax_tree import syntax_tree
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.receipts import ACCURACY_TOLERANCE

_IMPORTS = """import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

torch.set_num_threads(1)  # a small step is faster with one thread, and gives the same numbers each time
"""

_DIGITS_IMPORTS = """from importlib.util import find_spec
from pathlib import Path


class DataError(Exception):
    pass
"""

_FROM_TORCHVISION = """from torchvision.datasets import {name}

files = [{name}("data", train=is_training, download=True) for is_training in (True, False)]
images = np.concatenate([file.data.numpy() for file in files])
labels = np.concatenate([file.targets.numpy() for file in files])
"""

_OF_TORCHVISION = ("MNIST", "FashionMNIST")
"""The datasets that torchvision downloads, which have the same names here."""

_SETTINGS = ("epochs", "batch_size", "learning_rate", "momentum", "seed", "split_seed")

_COMPARISON = """for label, expected in APP.items():
    for epoch, (here, there) in enumerate(zip(RESULTS[label], expected)):
        print(f"{label}, epoch {epoch}: {here:.4f} here, {there:.4f} in the app, {here - there:+.4f} points")
"""


def program(histories: Sequence[RunHistory]) -> list[Block]:
    """Return the blocks with the program, or with what it lacks."""
    heading = Heading("The same race in plain PyTorch")
    runs = [history for history in histories if history.config.fork is None]
    if not runs:
        return [heading, Missing("The program is missing: it trains runs that start from their initial weights.")]
    dataset = DATASETS[runs[0].config.dataset]
    images = _images_code(dataset)
    if images is None or len({history.config.dataset for history in runs}) > 1:
        return [
            heading,
            Missing("The program is missing: it trains on the digits, MNIST or Fashion-MNIST, one of them."),
        ]
    parts = (
        ("What the program uses", _IMPORTS),
        ("The images", images),
        ("Split, initial weights and training, as in the app", _functions()),
        *((f"The network with {history.label}", _training(history.config, dataset)) for history in runs),
        ("The app's accuracies, and the difference", f"APP = {_accuracies(runs)}\n\n{_COMPARISON}"),
    )
    words = (
        "This program needs PyTorch, and nothing of the app. It uses autograd and torch.optim.SGD instead of the app's "
        "own training step, so the two round differently. The difference grows with training, and is at first much "
        f"smaller than {ACCURACY_TOLERANCE:g} percentage points of accuracy. With dropout, other units are dropped."
    )
    return [heading, Paragraph(words), Program(parts)]


def _images_code(dataset: Dataset) -> str | None:
    """Return code that assigns `images` and `labels`, or None if there is none for this dataset."""
    if not isinstance(dataset.source, Files):
        if dataset is not DATASETS["digits"]:
            return None
        sources = [source_of("hw5core.data.digits", name) for name in ("_bilinear", "digits")]
        return "\n\n".join([_DIGITS_IMPORTS, *sources, "images, labels = digits()\n"])
    name = dataset.source.folder
    return _FROM_TORCHVISION.format(name=name) if name in _OF_TORCHVISION else None


def _functions() -> str:
    data, modules, plain = "hw5core.data.datasets", "hw5core.training.modules", "hw5core.training.plain"
    places = [(data, "Split"), (data, "split"), (modules, "draw_weights"), (plain, "draw_initial_weights")]
    places += [(plain, name) for name in ("standardised", "accuracy", "train")]
    return "\n\n".join(source_of(*place) for place in places) + "\nRESULTS = {}\n"


def _training(config: RunConfig, dataset: Dataset) -> str:
    """Return code that builds the network of a run and trains it."""
    counted = count(config.architecture)
    drawn = [row.number - 1 for row in counted.rows if row.layer.draws_weights]
    settings = "".join(f"    {name}={getattr(config, name)!r},\n" for name in _SETTINGS)
    return (
        f"network = nn.Sequential(\n{modules_code(counted, indent=4)})\n"
        f"draw_initial_weights(network, {drawn}, {config.initialisation!r}, {config.seed})\n"
        f"RESULTS[{config.label!r}] = train(\n"
        f"    {config.label!r},\n    network,\n    images,\n    labels,\n    ({dataset.mean}, {dataset.std}),\n"
        f"{settings}    training_images={config.images_per_epoch},\n)\n"
    )


def _accuracies(runs: Sequence[RunHistory]) -> str:
    found = {history.label: [one.test_accuracy for one in history.epochs] for history in runs}
    rows = "".join(f"    {label!r}: {values},\n" for label, values in found.items())
    return f"{{\n{rows}}}"


def source_of(module: str, name: str) -> str:
    """Return the source of a function or class with its decorators, without importing its module."""
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    text = Path(found.origin).read_text(encoding="utf-8")
    nodes = (node for node in syntax_tree(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    node = next(node for node in nodes if node.name == name)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n"
