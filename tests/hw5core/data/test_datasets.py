"""The images: real, complete, split as the homework says, and refused in a sentence when they are not to be had."""

import gzip
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from hw5core.data import datasets
from hw5core.data.datasets import DATASETS
from hw5core.data.torchvision_import import torchvision_datasets
from hw5core.errors import DataError

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def test_the_built_in_digits_are_scikit_learns_in_28_by_28() -> None:
    pool = datasets.load("digits")
    original = load_digits()
    assert pool.images.shape == (1797, 28, 28)
    assert pool.images.dtype == np.uint8
    assert (pool.labels == original.target).all()
    assert len(pool.labels) == DATASETS["digits"].images
    # Averaged back to 8x8, each digit is the original: nothing but the size has changed.
    inner = torch.from_numpy(pool.images[:, 4:24, 4:24]).float().unsqueeze(1)
    back = torch.nn.functional.adaptive_avg_pool2d(inner, 8).squeeze(1).flatten(1)
    correlation = [np.corrcoef(one, other)[0, 1] for one, other in zip(back, original.data, strict=True)]
    assert min(correlation) > 0.9


def test_the_split_is_the_homeworks() -> None:
    parts = datasets.split(70_000, seed=0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [42_000, 14_000, 14_000]
    assert datasets.split_sizes("mnist") == (42_000, 14_000, 14_000)


@pytest.mark.parametrize("name", DATASETS)
def test_a_split_deals_out_every_image_once(name: str) -> None:
    images = DATASETS[name].images
    parts = datasets.split(images, seed=3)
    dealt = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(dealt) == list(range(images))
    assert tuple(map(len, (parts.train, parts.validation, parts.test))) == datasets.split_sizes(name)


def test_the_split_follows_its_seed() -> None:
    assert (datasets.split(1797, 1).train == datasets.split(1797, 1).train).all()
    assert (datasets.split(1797, 1).train != datasets.split(1797, 2).train).any()


def test_mnist_is_read_from_hw5_data(mnist_folder: Path) -> None:
    pool = datasets.load("mnist")
    assert pool.images.shape == (70_000, 28, 28)
    assert pool.note == ""
    # The mean and standard deviation that everyone standardises MNIST with are those of its 60,000 training images.
    training = pool.images[:60_000] / 255
    assert round(float(training.mean()), 4) == datasets.MEAN
    assert round(float(training.std()), 4) == datasets.STD


def test_without_files_and_network_a_sentence_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HW5_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(torchvision_datasets().MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError) as raised:
        datasets.load("mnist")
    assert "could not be downloaded" in str(raised.value)
    assert "built-in digits" in str(raised.value)
    assert "train-images-idx3-ubyte" in str(raised.value)
    assert not datasets.at_hand("mnist")


@pytest.fixture
def publisher(mnist_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A web server on loopback that hands out the four packed files; the list of what was asked of it."""
    served, asked = tmp_path / "served", list[str]()
    served.mkdir()
    resources = []
    for name in NAMES:
        packed = gzip.compress((mnist_folder / "MNIST/raw" / name).read_bytes(), compresslevel=1, mtime=0)
        (served / f"{name}.gz").write_bytes(packed)
        # The publisher's own packing differs from ours, and so does its checksum; the unpacked files are the same.
        resources.append((f"{name}.gz", None))

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kind = torchvision_datasets().MNIST
    monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(kind, "resources", resources)
    monkeypatch.delenv("HW5_DATA")
    yield asked
    server.shutdown()


def test_mnist_is_downloaded_once(publisher: list[str], home: Path) -> None:
    assert datasets.load("mnist").note == "downloaded"
    asked = sorted(publisher)
    assert set(asked) == {f"/{name}.gz" for name in NAMES}
    assert datasets.load("mnist").note == ""
    assert sorted(publisher) == asked
    assert datasets.at_hand("mnist")


@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_damaged_file_is_found_said_and_fetched_again(publisher: list[str], home: Path, damage: str) -> None:
    datasets.load("mnist")
    victim = home / "cache/MNIST/raw" / NAMES[2]
    content = bytearray(victim.read_bytes())
    if damage == "altered":
        content[1000] ^= 1
    victim.write_bytes(content if damage == "altered" else content[:-1])
    pool = datasets.load("mnist")
    assert NAMES[2] in pool.note
    assert "downloaded again" in pool.note
    assert datasets.load("mnist").note == ""
