"""The datasets: complete images, the homework's split, and downloads of the real MNIST."""

import gzip
import importlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from hw5core.data import datasets
from hw5core.data.datasets import DATASETS
from hw5core.data.sources import Files
from tools.torchvision_import import declare_missing_operators

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def test_the_digits_are_those_of_scikit_learn_in_28_by_28() -> None:
    pool = datasets.load("digits")
    original = load_digits()
    assert pool.images.shape == (1797, 28, 28)
    assert pool.images.dtype == np.uint8
    assert (pool.labels == original.target).all()
    assert len(pool.labels) == DATASETS["digits"].images
    # Averaged back to 8x8, each digit is the original.
    inner = torch.from_numpy(pool.images[:, 4:24, 4:24]).float().unsqueeze(1)
    back = torch.nn.functional.adaptive_avg_pool2d(inner, 8).squeeze(1).flatten(1)
    correlation = [np.corrcoef(one, other)[0, 1] for one, other in zip(back, original.data, strict=True)]
    assert min(correlation) > 0.9


@pytest.mark.parametrize(("name", "torchvisions"), [("mnist", "MNIST"), ("fashion", "FashionMNIST")])
def test_files_and_mirrors_are_those_of_torchvision(name: str, torchvisions: str) -> None:
    declare_missing_operators()
    theirs = getattr(importlib.import_module("torchvision.datasets"), torchvisions)
    source = DATASETS[name].source
    assert {f"{file.name}.gz" for file in source} == {file for file, _ in theirs.resources}
    # MNIST's first site has refused downloads for years.
    assert set(theirs.mirrors) - set(source.mirrors) <= {"http://yann.lecun.com/exdb/mnist/"}


def test_the_split_has_the_homeworks_sizes() -> None:
    parts = datasets.split(70_000, seed=0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [42_000, 14_000, 14_000]
    assert datasets.split_sizes("mnist") == (42_000, 14_000, 14_000)


@pytest.mark.parametrize("name", DATASETS)
def test_a_split_uses_every_image_once(name: str) -> None:
    images = DATASETS[name].images
    parts = datasets.split(images, seed=3)
    indices = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(indices) == list(range(images))
    assert tuple(map(len, (parts.train, parts.validation, parts.test))) == datasets.split_sizes(name)


def test_the_split_depends_on_its_seed() -> None:
    assert (datasets.split(1797, 1).train == datasets.split(1797, 1).train).all()
    assert (datasets.split(1797, 1).train != datasets.split(1797, 2).train).any()


@pytest.mark.slow
def test_mnist_is_read_from_hw5_data(mnist_folder: Path) -> None:
    pool = datasets.load("mnist")
    assert pool.images.shape == (70_000, 28, 28)
    assert pool.note == ""
    # The usual mean and standard deviation of MNIST are those of its 60,000 training images.
    training = pool.images[:60_000] / 255
    assert round(float(training.mean()), 4) == DATASETS["mnist"].mean
    assert round(float(training.std()), 4) == DATASETS["mnist"].std


@pytest.fixture
def publisher(mnist_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve the four packed files locally. Returns the list of requested paths, which grows."""
    served, requested = tmp_path / "served", list[str]()
    served.mkdir()
    for name in NAMES:
        packed = gzip.compress((mnist_folder / "MNIST/raw" / name).read_bytes(), compresslevel=1, mtime=0)
        (served / f"{name}.gz").write_bytes(packed)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            requested.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    mnist = DATASETS["mnist"]
    assert isinstance(mnist.source, Files)
    source = replace(mnist.source, mirrors=(f"http://127.0.0.1:{server.server_port}/",))
    monkeypatch.setitem(DATASETS, "mnist", replace(mnist, source=source))
    monkeypatch.delenv("HW5_DATA")
    yield requested
    server.shutdown()


def test_mnist_is_downloaded_once(publisher: list[str], home: Path) -> None:
    assert datasets.load("mnist").note == "downloaded"
    requested = sorted(publisher)
    assert requested == sorted(f"/{name}.gz" for name in NAMES)
    assert datasets.load("mnist").note == ""
    assert sorted(publisher) == requested
    assert datasets.is_available("mnist")


@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_damaged_file_is_reported_and_downloaded_again(publisher: list[str], home: Path, damage: str) -> None:
    datasets.load("mnist")
    victim = home / "cache/MNIST/raw" / NAMES[2]
    content = bytearray(victim.read_bytes())
    if damage == "altered":
        content[1000] ^= 1
    victim.write_bytes(content if damage == "altered" else content[:-1])
    publisher.clear()
    pool = datasets.load("mnist")
    assert NAMES[2] in pool.note
    assert "downloaded again" in pool.note
    assert publisher == [f"/{NAMES[2]}.gz"]
    assert datasets.load("mnist").note == ""


def test_each_class_is_said_in_words() -> None:
    assert [DATASETS["mnist"].class_in_words(label) for label in (3, 8)] == ["a 3", "an 8"]
